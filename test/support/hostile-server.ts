import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** One request as the server saw it. */
export interface Seen {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** Plays one answer, well or badly. */
export type Reply = (response: ServerResponse) => void;

export interface HostileServer {
  readonly url: string;
  /** Everything asked so far. */
  readonly seen: Seen[];
  /** TCP connections made so far. */
  readonly connections: () => number;
  /** Adds to the script: one reply per request, in order. A request beyond the script gets a 418. */
  plays(...replies: Reply[]): void;
  /** Chooses the reply by the request; `undefined` leaves it to the script. */
  choose: (seen: Seen) => Reply | undefined;
  close(): Promise<void>;
}

/** An API server that does what the script says, faults included. */
export async function hostileServer(): Promise<HostileServer> {
  const seen: Seen[] = [];
  const script: Reply[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    let sent = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (sent += chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://server");
      const now: Seen = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: sent === "" ? undefined : JSON.parse(sent),
      };
      seen.push(now);
      const reply =
        self.choose(now) ?? script.shift() ?? json(418, status(418, "OffScript", `${now.method} ${now.path}`));
      reply(response);
    });
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const self: HostileServer = {
    url: `http://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    plays: (...replies) => void script.push(...replies),
    choose: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}

/** A port nobody listens on, and nobody is given: a free one might be somebody's a moment later. */
export const DEAD_URL = "http://127.0.0.1:1";

export function json(code: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function text(code: number, body: string): Reply {
  return (response) => {
    response.writeHead(code, { "content-type": "text/plain" });
    response.end(body);
  };
}

/** The connection breaks instead of an answer: the request may have been applied. */
export const reset: Reply = (response) => void response.destroy();

/** No answer, ever. */
export const silence: Reply = () => {};

/** 200 with JSON that stops in the middle. */
export const truncated: Reply = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end('{"metadata":{"name":"we');
};

export function status(code: number, reason: string, message = "", details: object = {}): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
}

/** A list answer. */
export function list(resourceVersion: string, items: unknown[], next?: string): Reply {
  return json(200, { kind: "List", metadata: { resourceVersion, ...(next && { continue: next }) }, items });
}

/** A watch that a test feeds by hand. */
export interface Feed {
  reply: Reply;
  /** Opened by a client. */
  opened: () => boolean;
  /** The client has gone. */
  left: () => boolean;
  send(type: string, object: unknown): void;
  raw(text: string): void;
  end(): void;
  reset(): void;
}

export function feed(): Feed {
  let response: ServerResponse | undefined;
  let gone = false;
  return {
    reply: (opened) => {
      response = opened;
      opened.on("close", () => (gone = true));
      opened.writeHead(200, { "content-type": "application/json" });
      opened.flushHeaders();
    },
    opened: () => response !== undefined,
    left: () => gone,
    send: (type, object) => void response?.write(`${JSON.stringify({ type, object })}\n`),
    raw: (piece) => void response?.write(piece),
    end: () => void response?.end(),
    reset: () => void response?.destroy(),
  };
}
