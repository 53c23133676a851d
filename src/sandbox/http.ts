import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { load } from "js-yaml";
import { messageOf } from "../kube/errors.ts";
import type { Answer } from "../kube/transport.ts";
import type { ApiServer } from "./api-server.ts";
import { discovery } from "./discovery.ts";
import { openApi } from "./openapi.ts";
import { protobufBody } from "./protobuf.ts";
import { badRequest, Refusal, unsupportedMediaType } from "./refusal.ts";
import { represented, representedEvent } from "./representation.ts";
import { targetOf } from "./requests/target.ts";
import type { WatchEvent } from "./requests/watch.ts";
import { selfReview } from "./self-reviews.ts";
import { Webhooks } from "./webhooks.ts";

const BODY_MAX = 3 * 1024 * 1024;
const BOOKMARK_MS = 60_000;
/**
 * Longer than clients keep a connection that rests: whoever closes first must not be the server, or a write that is just being
 * sent may be lost with it.
 */
const KEEP_ALIVE_MS = 120_000;

/** The API over HTTP on loopback, for kubectl and everybody else. Port 0 = any that is free. */
export async function serveHttp(server: ApiServer, port = 0): Promise<{ url: string; close: () => Promise<void> }> {
  const http = createServer((request, response) => {
    handle(server, request, response).catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : internal(error);
      send(response, refusal.answer());
    });
  });
  http.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(http, port);
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}

/** @throws with one clear sentence if the port is taken */
async function listen(http: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new Error(`port ${port} is taken: choose another, or none`) : error),
    );
    http.listen(port, "127.0.0.1", resolve);
  });
}

async function handle(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  // Whatever is asked there, the answer is the same.
  const review = method === "POST" ? selfReview(url.split("?")[0] ?? "") : undefined;
  if (review) {
    request.resume();
    send(response, review);
    return;
  }
  // What is not served is so before the body is looked at.
  if (method !== "GET") targetOf(url);
  const body = await bodyOf(request);
  const path = url.split("?")[0] ?? "/";
  const found = method === "GET" ? (discovery(path, headers["accept"] ?? "") ?? openApi(path)) : undefined;
  if (found) {
    send(response, found);
    return;
  }
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  if (method === "GET" && ["true", "1"].includes(query.get("watch") ?? "")) {
    watch(server, url, query, headers, response);
    return;
  }
  const user = headers["user-agent"]?.split("/")[0] ?? "";
  const answer = await new Webhooks(server).request({ method, path: url, headers, body, user });
  send(response, { ...answer, body: represented(answer.body, headers["accept"] ?? "", query.get("includeObject")) });
}

function internal(error: unknown): Refusal {
  return new Refusal(500, "InternalError", `Internal error occurred: ${messageOf(error)}`);
}

/** JSON or YAML, whatever it is called: the one is part of the other. Protobuf is called that. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > BODY_MAX)
      throw new Refusal(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_MAX}`);
  }
  const bytes = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "application/json";
  if (length === 0) return undefined;
  if (type.includes("cbor")) throw unsupportedMediaType();
  if (type.includes("protobuf")) return protobufBody(bytes);
  const text = bytes.toString("utf8");
  try {
    return text.startsWith("{") || text.startsWith("[") ? (JSON.parse(text) as unknown) : load(text);
  } catch (error) {
    throw badRequest(`error decoding the body of the request: ${messageOf(error)}`);
  }
}

function watch(
  server: ApiServer,
  url: string,
  query: URLSearchParams,
  headers: Record<string, string>,
  response: ServerResponse,
): void {
  const represent = representedEvent(headers["accept"] ?? "", query.get("includeObject"));
  const tell = (event: WatchEvent) => void response.write(`${JSON.stringify(represent(event))}\n`);
  const pending: WatchEvent[] = [];
  let isOpen = false;
  const opened = server.watch(url, (event) => (isOpen ? tell(event) : pending.push(event)));
  if ("status" in opened) {
    send(response, opened);
    return;
  }
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  isOpen = true;
  pending.forEach(tell);
  const wantsBookmarks = query.get("allowWatchBookmarks") === "true";
  const beat = setInterval(() => wantsBookmarks && opened.bookmark(), BOOKMARK_MS);
  const end = setTimeout(() => response.end(), Number(query.get("timeoutSeconds") ?? "1800") * 1000);
  response.on("close", () => {
    clearInterval(beat);
    clearTimeout(end);
    opened.stop();
  });
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(text);
}
