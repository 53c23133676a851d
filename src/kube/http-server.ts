import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface HttpReply {
  status: number;
  /** Default: plain text. */
  contentType?: string;
  body: string;
}

/** What is served for GET of a path. */
export type Routes = Record<string, (query: URLSearchParams) => HttpReply | Promise<HttpReply>>;

export interface Listening {
  readonly port: number;
  /** As it was asked for, with the port that is really used: port 0 stands for any that is free. */
  readonly address: string;
  close(): Promise<void>;
}

/** `host` is undefined for all addresses. */
export interface ListenAddress {
  host: string | undefined;
  port: number;
}

/**
 * "127.0.0.1:8080", "[::1]:8080", ":8080" (all addresses) or "off" (undefined).
 * @throws {Error} saying what was wanted
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === "off") return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new Error(`Cannot listen: want "host:port", ":port" or "off", found ${JSON.stringify(text)}`);
  }
  return { host: bracketed ?? (plain || undefined), port };
}

/**
 * Serves routes at "host:port", ":port" (all addresses) or "off" (then undefined).
 * @throws {Error} naming the address when it is malformed or in use
 */
export async function serve(listen: string, routes: Routes): Promise<Listening | undefined> {
  const address = parseListenAddress(listen);
  if (address === undefined) return undefined;
  const server = createServer((request, response) => {
    void respond(routes, request, response);
  });
  server.requestTimeout = 10_000;
  await listening(server, address, listen);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return {
    port,
    address: listen.replace(/\d+$/, String(port)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, address: ListenAddress, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the address is in use" : error.message;
      reject(new Error(`Cannot listen on ${text}: ${why}`, { cause: error }));
    });
    server.listen(address.port, address.host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = await answer(routes, request.method ?? "", request.url ?? "/");
  response.writeHead(reply.status, {
    "content-type": reply.contentType ?? "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(reply.body),
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : reply.body);
}

async function answer(routes: Routes, method: string, target: string): Promise<HttpReply> {
  try {
    const url = new URL(target, "http://localhost");
    const route = routes[url.pathname];
    if (route === undefined) return { status: 404, body: "not found\n" };
    if (method !== "GET" && method !== "HEAD") return { status: 405, body: "only GET is served here\n" };
    return await route(url.searchParams);
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}
