import type { Clock } from "../kube/clock.ts";
import type { Answer, StreamAnswer, Transport, TransportRequest } from "../kube/transport.ts";
import type { ApiServer } from "./api-server.ts";
import type { WatchEvent } from "./requests/watch.ts";

const BOOKMARK_MS = 10_000;

/** Carries requests to an API server in this process: no sockets, and nothing that takes time but the clock's own. */
export class InProcessTransport implements Transport {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #user: string;
  readonly #open = new Set<() => void>();

  constructor({ server, clock, user }: { server: ApiServer; clock: Clock; user: string }) {
    this.#server = server;
    this.#clock = clock;
    this.#user = user;
  }

  request({ method, path, headers, body, signal }: TransportRequest): Promise<Answer> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    const parsed = body === undefined ? {} : { body: JSON.parse(body) as unknown };
    return Promise.resolve(this.#server.request({ method, path, headers, ...parsed, user: this.#user }));
  }

  stream({ path, signal }: TransportRequest): Promise<StreamAnswer> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    let end: (error?: Error) => void = () => {};
    let tell: (event: WatchEvent) => void = () => {};
    const events = new ReadableStream<unknown>({
      start: (sink) => {
        tell = (event) => sink.enqueue(event);
        end = (error) => (error ? sink.error(error) : sink.close());
      },
    });
    const opened = this.#server.watch(path, (event) => tell(event));
    if ("status" in opened) return Promise.resolve({ ...opened, events: nothing() });

    const query = new URLSearchParams(path.split("?")[1] ?? "");
    const finish = (error?: Error): void => {
      if (!this.#open.delete(finish)) return;
      opened.stop();
      this.#clock.clearTimeout(beat);
      this.#clock.clearTimeout(over);
      end(error);
    };
    this.#open.add(finish);
    let beat = this.#clock.setTimeout(() => {}, 0);
    const bookmark = (): void => {
      opened.bookmark();
      beat = this.#clock.setTimeout(bookmark, BOOKMARK_MS);
    };
    if (query.get("allowWatchBookmarks") === "true") beat = this.#clock.setTimeout(bookmark, BOOKMARK_MS);
    const over = this.#clock.setTimeout(finish, Number(query.get("timeoutSeconds") ?? "1800") * 1000);
    signal.addEventListener("abort", () => finish(reasonOf(signal)), { once: true });
    return Promise.resolve({ status: 200, headers: {}, body: undefined, events });
  }

  close(): Promise<void> {
    for (const finish of this.#open) finish();
    return Promise.resolve();
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

async function* nothing(): AsyncGenerator<never> {}
