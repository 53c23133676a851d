import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { Clock } from "./clock.ts";
import { jsonLines } from "./json-lines.ts";
import type { Credentials, Session } from "./session.ts";

/**
 * Which connections a request uses. "lease" is apart so that a renewal never waits behind bulk traffic;
 * streams have their own connections in any case.
 */
export type Lane = "bulk" | "lease";

export interface TransportRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, e.g. `/api/v1/pods?limit=500`. */
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** JSON text. */
  body?: string;
  /** Ends the request; the promise then rejects with the signal's reason. */
  signal: AbortSignal;
  lane: Lane;
}

/** A whole answer. The receiver treats `body` as read-only. */
export interface Answer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Parsed JSON; the bare text when the answer was not JSON (proxies); undefined when it was empty. */
  body: unknown;
}

/** An answer that goes on: one parsed JSON value per line. On a status other than 200, `events` is empty. */
export interface StreamAnswer extends Answer {
  /** Ends when the server ends the stream cleanly; throws on a reset or on a line that is not JSON. */
  events: AsyncIterable<unknown>;
}

/** An answer of plain text that may go on. On a status other than 200, `chunks` is empty. */
export interface TextAnswer extends Answer {
  /** Ends when the server ends the stream cleanly; throws on a reset. */
  chunks: AsyncIterable<string>;
}

/**
 * Carries requests to an API server: over HTTP here, in memory in the sandbox.
 * Rejects with `NotSentError` when the request provably did not leave, and with anything else when it may have.
 */
export interface Transport {
  request(request: TransportRequest): Promise<Answer>;
  stream(request: TransportRequest): Promise<StreamAnswer>;
  /** Ends every connection; safe to call twice. */
  close(): Promise<void>;
}

/** The request never reached the server (refused connection, unknown host): doing it again is safe. */
export class NotSentError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error && cause.message !== "" ? cause.message : codeOf(cause), { cause });
    this.name = "NotSentError";
  }
}

export interface HttpTransportOptions {
  session: Session;
  clock: Clock;
  /** Connections for verbs over HTTP/1.1; default 40: 32 writes and some reads. */
  connections?: number;
  /** HTTP/2 for verbs instead: one connection. */
  http2?: boolean;
}

/** Server-side idle time-out is 90 s; a connection given up by us first is never a request lost in a race. */
const KEEP_ALIVE_MS = 45_000;
const CONNECT_TIMEOUT_MS = 5_000;

interface Connections {
  fingerprint: string;
  bulk: Dispatcher;
  lease: Dispatcher;
  streams: Dispatcher;
}

/** Carries requests over HTTP(S): three sets of connections, made anew only when certificates change. */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  #connections: Connections | undefined;
  /** Replaced, but with requests in flight. */
  readonly #retired = new Set<Dispatcher>();
  #closed = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async request(request: TransportRequest): Promise<Answer> {
    const response = await this.#send(request, request.lane);
    const headers = plainHeaders(response);
    return { status: response.statusCode, headers, body: parse(await response.body.text(), headers) };
  }

  async stream(request: TransportRequest): Promise<StreamAnswer> {
    const response = await this.#send(request, "streams");
    const headers = plainHeaders(response);
    const status = response.statusCode;
    if (status !== 200) {
      return { status, headers, body: parse(await response.body.text(), headers), events: nothing() };
    }
    response.body.setEncoding("utf8");
    return { status, headers, body: undefined, events: jsonLines(response.body, this.#options.clock) };
  }

  /** For logs, which are neither JSON nor short. */
  async text(request: TransportRequest): Promise<TextAnswer> {
    const response = await this.#send(request, "streams");
    const headers = plainHeaders(response);
    const status = response.statusCode;
    if (status !== 200) {
      return { status, headers, body: parse(await response.body.text(), headers), chunks: nothing() };
    }
    response.body.setEncoding("utf8");
    return { status, headers, body: undefined, chunks: response.body };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#retired, ...dispatchersOf(this.#connections)];
    this.#connections = undefined;
    this.#retired.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  /** Sends, and once more with new credentials if the server did not accept the old ones. */
  async #send(request: TransportRequest, kind: Lane | "streams"): Promise<Dispatcher.ResponseData> {
    for (let refresh = false; ; refresh = true) {
      let credentials: Credentials;
      try {
        credentials = await this.#options.session.credentials(refresh);
      } catch (error) {
        throw new NotSentError(error);
      }
      request.signal.throwIfAborted();
      const dispatcher = this.#dispatchers(credentials)[kind];
      const url = new URL(credentials.server);
      let response: Dispatcher.ResponseData;
      try {
        response = await dispatcher.request({
          origin: url.origin,
          path: (url.pathname === "/" ? "" : url.pathname) + request.path,
          method: request.method,
          headers: { ...credentials.headers, ...request.headers },
          body: request.body ?? null,
          signal: request.signal,
          // Else undici gives up the connection after every DELETE with a body: a TLS handshake for each.
          reset: false,
        });
      } catch (error) {
        throw isNotSent(error) ? new NotSentError(error) : error;
      }
      if (response.statusCode !== 401 || refresh) return response;
      await response.body.dump();
    }
  }

  #dispatchers(credentials: Credentials): Connections {
    if (this.#closed) throw new NotSentError(new Error("the transport is closed"));
    const old = this.#connections;
    if (old?.fingerprint === credentials.fingerprint) return old;
    for (const dispatcher of dispatchersOf(old)) this.#retire(dispatcher);
    const { connections = 40, http2 = false } = this.#options;
    this.#connections = {
      fingerprint: credentials.fingerprint,
      bulk: connect(credentials, http2 ? { allowH2: true, connections: 1 } : { allowH2: false, connections }),
      lease: connect(credentials, { allowH2: false, connections: 2 }),
      streams: connect(credentials, { allowH2: false }),
    };
    return this.#connections;
  }

  /** Lets requests in flight end; watches end by themselves within their time-out. */
  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher);
    void dispatcher.close().then(
      () => this.#retired.delete(dispatcher),
      () => this.#retired.delete(dispatcher),
    );
  }
}

function connect(credentials: Credentials, options: Agent.Options): Dispatcher {
  const { proxyUrl, tls } = credentials;
  const all: Agent.Options = {
    // Deadlines are the client's, by its clock: these would only be a second opinion.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    ...options,
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 },
  };
  if (proxyUrl === undefined || proxyUrl === "") return new Agent(all);
  if (!proxyUrl.startsWith("http")) throw new Error(`Cannot use proxy-url: want http or https, found ${proxyUrl}`);
  return new ProxyAgent({ ...all, uri: proxyUrl, requestTls: tls });
}

function dispatchersOf(connections: Connections | undefined): Dispatcher[] {
  return connections === undefined ? [] : [connections.bulk, connections.lease, connections.streams];
}

function plainHeaders(response: Dispatcher.ResponseData): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function parse(text: string, headers: Record<string, string>): unknown {
  if (text === "") return undefined;
  return headers["content-type"]?.includes("json") ? JSON.parse(text) : text;
}

// oxlint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<never> {}

const NEVER_LEFT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_CLOSED",
]);

function isNotSent(error: unknown): boolean {
  const code = codeOf(error);
  // Certificates are checked before anything is sent.
  return NEVER_LEFT.has(code) || code.startsWith("ERR_TLS_") || code.includes("CERT");
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
