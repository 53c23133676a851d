import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

export interface PodEndpoint {
  url: string;
  close(): Promise<void>;
}

const POD = /^\/api\/v1\/namespaces\/[^/]+\/pods\/([^/]+)\/(log|exec|portforward)$/;

/**
 * Stands before a sandbox and answers what only a node can: logs, exec and port-forward, in the API's own protocol.
 * Every container has logged two lines; a command is answered with what it was, its stdin and exit code 3; a port with
 * what was sent to it.
 */
export async function startPodEndpoint(sandboxUrl: string): Promise<PodEndpoint> {
  const http = createServer((request, response) => void answer(sandboxUrl, request, response));
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  http.on("upgrade", (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    const [, pod = "", what] = POD.exec(pathname) ?? [];
    if (pod.endsWith("-a2")) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) =>
      what === "exec" ? runCommand(opened, pod, searchParams) : echo(opened, searchParams),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}

async function answer(sandboxUrl: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
  const [, pod, what] = POD.exec(pathname) ?? [];
  if (what === "log") {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(`${pod} starts\n${pod} says ${searchParams.toString()}`);
    // Followed, a log goes on; it ends with the connection.
    if (searchParams.get("follow") !== "true") response.end("\n");
    else response.write("\n");
    return;
  }
  const { authorization, accept = "" } = request.headers;
  const passed = await fetch(sandboxUrl + request.url, {
    headers: { accept, ...(authorization && { authorization }) },
  });
  response.writeHead(passed.status, { "content-type": passed.headers.get("content-type") ?? "" });
  response.end(await passed.text());
}

const channel = (number: number, text: string) => Buffer.concat([Buffer.from([number]), Buffer.from(text)]);

function runCommand(socket: WebSocket, pod: string, parameters: URLSearchParams): void {
  const finish = () => {
    const causes = [{ reason: "ExitCode", message: "3" }];
    socket.send(channel(3, JSON.stringify({ status: "Failure", reason: "NonZeroExitCode", details: { causes } })));
  };
  const command = parameters.getAll("command").join(" ");
  socket.send(channel(1, `${pod}/${parameters.get("container")} runs ${command}\n`));
  socket.send(channel(2, "and complains\n"));
  if (parameters.get("stdin") !== "true") {
    finish();
    return;
  }
  socket.on("message", (data: Buffer) => {
    // 255 closes a stream: stdin has ended.
    if (data[0] === 255) finish();
    else socket.send(channel(1, `read ${data.subarray(1).toString()}`));
  });
}

function echo(socket: WebSocket, parameters: URLSearchParams): void {
  const port = Number(parameters.get("ports"));
  const portBytes = Buffer.from([port & 255, port >> 8]).toString("latin1");
  for (const number of [0, 1]) socket.send(Buffer.concat([Buffer.from([number]), Buffer.from(portBytes, "latin1")]));
  socket.on("message", (data: Buffer) => {
    if (data.length > 1) socket.send(channel(0, `port ${port} got ${data.subarray(1).toString()}`));
  });
}
