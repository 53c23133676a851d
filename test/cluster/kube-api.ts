/**
 * A small API client for this folder's own processes: JSON over a few kept-alive connections, and one list-and-watch.
 *
 * It is apart from the client of the product on purpose: a test tool which shared the code under test would share its bugs.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "js-yaml";
import { Agent, request } from "undici";

export type PatchType = "application/merge-patch+json" | "application/strategic-merge-patch+json";

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  finalizers?: string[];
}

export interface KubeObject {
  metadata: ObjectMeta;
}

export interface KubeApi {
  server: string;
  get<T = unknown>(path: string): Promise<T>;
  getText(path: string): Promise<string>;
  post<T = unknown>(path: string, body: unknown): Promise<T>;
  patch<T = unknown>(path: string, body: unknown, type?: PatchType): Promise<T>;
  delete(path: string, options?: unknown): Promise<void>;
  /** Lists, then watches, for ever: `onChange` sees each object as it is, `onGone` each one that is no more. */
  follow<T extends KubeObject>(path: string, follower: Follower<T>): Promise<void>;
  close(): Promise<void>;
}

export interface Follower<T> {
  onChange(object: T): void;
  onGone(object: T): void;
  signal: AbortSignal;
}

/** The API server's answer was not a success. */
export class ApiError extends Error {
  readonly status: number;
  constructor(method: string, path: string, status: number, message: string) {
    super(`${method} ${path}: HTTP ${status}: ${message}`);
    this.name = "ApiError";
    this.status = status;
  }
}

export function isStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status);
}

const CONNECTIONS = 16;
const RETRY_MS = 500;
const WATCH_SECONDS = 600;

export async function connect(kubeconfigPath: string, userAgent: string): Promise<KubeApi> {
  const { server, headers, tls } = await readKubeconfig(kubeconfigPath);
  const agent = new Agent({ connect: tls, connections: CONNECTIONS, headersTimeout: 60_000, bodyTimeout: 0 });
  // A watch holds its connection for minutes, so watches do not take from those that requests share.
  const watchAgent = new Agent({ connect: tls, headersTimeout: 60_000, bodyTimeout: 0 });

  async function send(method: string, path: string, body?: unknown, contentType = "application/json") {
    const response = await request(server + path, {
      method: method as "GET",
      dispatcher: agent,
      headers: { ...headers, "user-agent": userAgent, accept: "application/json", "content-type": contentType },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new ApiError(method, path, response.statusCode, messageOf(text));
    return text;
  }

  async function follow<T extends KubeObject>(path: string, follower: Follower<T>): Promise<void> {
    const known = new Map<string, T>();
    const { signal } = follower;
    const changed = (object: T) => {
      known.set(object.metadata.uid, object);
      follower.onChange(object);
    };
    const gone = (object: T) => {
      known.delete(object.metadata.uid);
      follower.onGone(object);
    };
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      try {
        if (resourceVersion === undefined) {
          const list = JSON.parse(await send("GET", path)) as { metadata: ObjectMeta; items: T[] };
          const listed = new Set(list.items.map((item) => item.metadata.uid));
          for (const object of [...known.values()]) if (!listed.has(object.metadata.uid)) gone(object);
          for (const object of list.items) changed(object);
          resourceVersion = list.metadata.resourceVersion;
        }
        const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${resourceVersion}`;
        const response = await request(`${server}${path}${path.includes("?") ? "&" : "?"}${query}`, {
          dispatcher: watchAgent,
          headers: { ...headers, "user-agent": userAgent, accept: "application/json" },
          signal,
        });
        if (response.statusCode !== 200) {
          throw new ApiError("WATCH", path, response.statusCode, messageOf(await response.body.text()));
        }
        for await (const line of linesOf(response.body)) {
          const event = JSON.parse(line) as { type: string; object: T & { code?: number; message?: string } };
          if (event.type === "ERROR") {
            throw new ApiError("WATCH", path, event.object.code ?? 500, event.object.message ?? line);
          }
          resourceVersion = event.object.metadata.resourceVersion;
          if (event.type === "DELETED") gone(event.object);
          else if (event.type !== "BOOKMARK") changed(event.object);
        }
      } catch (error) {
        if (signal.aborted) return;
        // 410 Gone: the server no longer keeps the history that this watch wants; only a new list helps.
        if (isStatus(error, 410)) resourceVersion = undefined;
        else {
          console.error(`watch of ${path} broke, retrying: ${String(error)}`);
          await sleep(RETRY_MS);
        }
      }
    }
  }

  return {
    server,
    get: async <T>(path: string) => JSON.parse(await send("GET", path)) as T,
    getText: (path) => send("GET", path),
    post: async <T>(path: string, body: unknown) => JSON.parse(await send("POST", path, body)) as T,
    patch: async <T>(path: string, body: unknown, type: PatchType = "application/merge-patch+json") =>
      JSON.parse(await send("PATCH", path, body, type)) as T,
    delete: async (path, options) => {
      await send("DELETE", path, options);
    },
    follow,
    close: async () => {
      await Promise.all([agent.destroy(), watchAgent.destroy()]);
    },
  };
}

async function readKubeconfig(path: string) {
  const config = load(await readFile(path, "utf8")) as {
    "current-context": string;
    contexts: { name: string; context: { cluster: string; user: string } }[];
    clusters: { name: string; cluster: { server: string; "certificate-authority-data"?: string } }[];
    users: {
      name: string;
      user: { token?: string; "client-certificate-data"?: string; "client-key-data"?: string };
    }[];
  };
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  if (cluster === undefined || user === undefined) {
    throw new Error(
      `Cannot use ${path}: want a cluster and a user for its current context, found ${config["current-context"]}`,
    );
  }
  const decoded = (base64: string | undefined) =>
    base64 === undefined ? undefined : Buffer.from(base64, "base64").toString();
  const tls = Object.fromEntries(
    Object.entries({
      ca: decoded(cluster["certificate-authority-data"]),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    }).filter(([, value]) => value !== undefined),
  );
  const headers: Record<string, string> = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` };
  return { server: cluster.server, headers, tls };
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Kept in pieces: joining a growing string at each chunk would copy a long line again and again.
  let pieces: string[] = [];
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      const line = pieces.join("") + part;
      pieces = [];
      if (line !== "") yield line;
    }
    if (last !== "") pieces.push(last);
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
