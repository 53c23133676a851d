import { createServer, type Server, type Socket } from "node:net";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { PortForward } from "@kubernetes/client-node";
import type { Pod } from "../../api/pod.ts";
import { messageOf } from "../../kube/errors.ts";
import type { Cli } from "../cli.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument } from "../names.ts";
import { podToTalkTo } from "../pod-choice.ts";
import { readSeen } from "../seen.ts";
import { asWritable, notOpened, socketsOver } from "../web-socket.ts";

interface Ports {
  local: number;
  remote: number;
}

/** `port-forward`: local ports that lead into one pod. */
export const portForward = (cli: Cli) =>
  new Command("port-forward")
    .summary("forward local ports to a pod")
    .description("Forwards local ports to one pod until Ctrl-C.")
    .addArgument(cloneSetArgument())
    .argument("<local:remote...>", 'e.g. 8080:80; "80" is 80:80, ":80" any free port', portPairs)
    .addOption(new Option("--pod <pod>", "to this one; default: a ready one, of the update revision if there is one"))
    .addOption(new Option("--address <address>", "local address to listen on").default("127.0.0.1"))
    .action(async (name, ports, { pod: podName, address }) => {
      const cluster = await cli.cluster();
      const { io } = cli;
      const pod = podToTalkTo(await readSeen(cluster, name), podName);
      const { portForward: forwarder } = await socketsOver(cluster.wire.session);
      const servers: Server[] = [];
      const sockets = new Set<Socket>();
      try {
        for (const pair of ports) {
          const server = await listen(address, pair.local, (socket) => {
            sockets.add(socket);
            socket.on("close", () => sockets.delete(socket));
            connect(cli, forwarder, { pod, port: pair.remote, socket }).catch((error: unknown) => {
              cli.note(`error: ${messageOf(error)}`);
              socket.destroy();
            });
          });
          servers.push(server);
          const { port } = server.address() as { port: number };
          cli.say(`Forwarding from ${address}:${port} -> ${pair.remote} (pod ${pod.name})`);
        }
        await new Promise((resolve) => {
          if (io.interrupted.aborted) resolve(undefined);
          else io.interrupted.addEventListener("abort", resolve);
        });
      } finally {
        for (const socket of sockets) socket.destroy();
        for (const server of servers) server.close();
      }
    });

async function listen(address: string, port: number, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Failure(`port ${port} is taken`, { next: `":${port}" takes any free one` })
          : new Failure(`cannot listen on ${address}:${port}: ${error.code}`, {
              next: '--address wants one of this machine, and ports below 1024 may want root: ":PORT" takes a free one',
            }),
      ),
    );
    server.listen(port, address, resolve);
  });
  return server;
}

/** One connection of a client: one socket to the pod, and both end together. */
async function connect(
  cli: Cli,
  forwarder: PortForward,
  { pod, port, socket }: { pod: Pod; port: number; socket: Socket },
): Promise<void> {
  const errors = asWritable({
    write: (chunk) => {
      const text = Buffer.from(chunk).toString().trim();
      // The stream begins with the port, of which client-node leaves an empty piece.
      if (text !== "") cli.note(`pod ${pod.name}: ${text}`);
    },
  });
  socket.pause();
  try {
    const opened = await forwarder.portForward(pod.namespace, pod.name, [port], socket, errors, socket);
    const remote = typeof opened === "function" ? opened() : opened;
    socket.on("error", () => remote?.close());
    socket.on("close", () => remote?.close());
    remote?.on("close", () => socket.end());
    socket.resume();
  } catch (event) {
    throw notOpened(`reach port ${port} of pod ${pod.name}`, event);
  }
}

function portPairs(text: string, before: Ports[] | undefined): Ports[] {
  const [, local, remote] = /^(?:(\d*):)?(\d+)$/.exec(text) ?? [];
  const pair = { local: Number(local === undefined ? remote : local || 0), remote: Number(remote) };
  if (remote === undefined || pair.remote < 1 || pair.remote > 65_535 || pair.local > 65_535) {
    throw new InvalidArgumentError("Want ports like 8080:80, 80 or :80.");
  }
  return [...(before ?? []), pair];
}
