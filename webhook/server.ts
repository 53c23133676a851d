import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import type { Logger } from "pino";
import { messageOf } from "../src/kube/errors.ts";
import type { ListenAddress } from "../src/kube/http-server.ts";
import type { Handler } from "./admit.ts";
import { isTooDeep } from "./json-depth.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { readReview, reviewText } from "./review.ts";

export interface ServingPair {
  cert: string;
  key: string;
}

export interface WebhookServerOptions {
  address: ListenAddress;
  /** TLS from this version on. */
  minVersion: SecureVersion;
  pair: ServingPair;
  handlers: Readonly<Record<string, Handler>>;
  metrics: WebhookMetrics;
  log: Logger;
  limits?: Partial<Limits>;
}

export interface WebhookServer {
  readonly port: number;
  /** From the next connection on. */
  use(pair: ServingPair): void;
  /** Lets requests under way end. */
  close(): Promise<void>;
}

interface Limits {
  bodyBytes: number;
  inFlight: number;
  connections: number;
  /** For a whole request, headers and body. */
  requestMs: number;
  handshakeMs: number;
  /** Without a byte in either direction. */
  silenceMs: number;
  closeMs: number;
}

const LIMITS: Limits = {
  // An object has at most 1.5 MiB, an update carries two of them.
  bodyBytes: 3.5 * 1024 * 1024,
  inFlight: 64,
  connections: 1024,
  requestMs: 5000,
  handshakeMs: 5000,
  silenceMs: 10_000,
  closeMs: 5000,
};
const KEEP_ALIVE_MS = 120_000;
const CHECK_CONNECTIONS_MS = 1000;

interface Reply {
  status: number;
  body: string;
  contentType?: string;
  /** The rest of the request is not wanted. */
  hangUp?: boolean;
}

/**
 * Serves admission handlers over TLS. Everything that comes in is bounded: bytes, nesting, time, number.
 *
 * @throws {Error} naming the address when it is in use
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { address, metrics, pair, minVersion } = options;
  const limits = { ...LIMITS, ...options.limits };
  const secure = ({ cert, key }: ServingPair): SecureContextOptions => ({ cert, key, minVersion });
  let inFlight = 0;
  const server = createServer(
    {
      ...secure(pair),
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      maxHeaderSize: 16 << 10,
    },
    (request, response) => {
      inFlight++;
      metrics.inFlight(inFlight);
      response.once("close", () => metrics.inFlight(--inFlight));
      const isCrowded = inFlight > limits.inFlight;
      void serveOne(request, response, { ...options, limits, isCrowded });
    },
  );
  server.maxConnections = limits.connections;
  server.timeout = limits.silenceMs;
  server.on("tlsClientError", () => metrics.tlsFailed());
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the address is in use" : error.message;
      reject(new Error(`Cannot serve the webhook on port ${address.port}: ${why}`, { cause: error }));
    });
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    use: (next) => server.setSecureContext(secure(next)),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), limits.closeMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

type Serving = WebhookServerOptions & { limits: Limits; isCrowded: boolean };

async function serveOne(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  let reply: Reply;
  try {
    reply = await answer(request, serving);
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    serving.log.error({ error: messageOf(error), path: request.url }, "admission request failed");
    reply = { status: 500, body: "the request could not be judged\n" };
  }
  serving.metrics.replied(reply.status);
  if (response.destroyed) return;
  response.writeHead(reply.status, {
    "content-type": reply.contentType ?? "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(reply.body),
    ...(reply.hangUp ? { connection: "close" } : {}),
    ...(reply.status === 503 ? { "retry-after": "1" } : {}),
  });
  response.end(reply.body);
}

async function answer(request: IncomingMessage, serving: Serving): Promise<Reply> {
  const { handlers, limits, isCrowded } = serving;
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
  if (handler === undefined) return { status: 404, body: "not found\n", hangUp: true };
  if (request.method !== "POST") return { status: 405, body: "only POST is served here\n", hangUp: true };
  if (isCrowded) return { status: 503, body: "too many requests at the same time\n", hangUp: true };
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") return { status: 415, body: "want content-type application/json\n", hangUp: true };
  if (Number(request.headers["content-length"] ?? 0) > limits.bodyBytes) return tooLarge(limits);
  const body = await readBody(request, limits.bodyBytes);
  if (body === undefined) return tooLarge(limits);
  return await answerBody(body, handler);
}

/** The answer to one body; a crash in here is a mistake of ours. */
export async function answerBody(body: Buffer, handler: Handler): Promise<Reply> {
  if (isTooDeep(body)) return { status: 400, body: "the JSON is nested too deep\n" };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    return { status: 400, body: "the body is not JSON\n" };
  }
  const review = readReview(parsed, body.length);
  if (review === undefined)
    return { status: 400, body: "want an AdmissionReview of admission.k8s.io/v1 with a request\n" };
  return { status: 200, body: reviewText(await handler(review)), contentType: "application/json" };
}

/** The whole body, counted as it comes; undefined if it is longer than `max`. */
async function readBody(request: IncomingMessage, max: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // The request is left open, or the answer could not be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > max) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge({ bodyBytes }: Limits): Reply {
  return { status: 413, body: `the body is longer than ${bodyBytes} bytes\n`, hangUp: true };
}
