import { Command, Option } from "@commander-js/extra-typings";
import type { V1Status } from "@kubernetes/client-node";
import type { Cli } from "../cli.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument } from "../names.ts";
import { containerNamed, defaultContainer, podToTalkTo } from "../pod-choice.ts";
import { readSeen } from "../seen.ts";
import { asWritable, notOpened, socketsOver } from "../web-socket.ts";

/** Stdin waits while more than this is not sent yet. */
const MOST_UNSENT_BYTES = 256 * 1024;
const LOOK_AGAIN_MS = 5;

/** `exec`: runs a command in one pod, and ends with its exit code. */
export const exec = (cli: Cli) =>
  new Command("exec")
    .summary("run a command in a pod")
    .description("Runs a command in a container of one pod, and ends with its exit code. Write -- before the command.")
    .usage("[flags] <cloneset> -- <command> [args]")
    .addArgument(cloneSetArgument())
    .argument("<command...>", "after --")
    .addOption(new Option("--pod <pod>", "in this one; default: a ready one, of the update revision if there is one"))
    .addOption(new Option("-c, --container <container>", "default: the first one"))
    .addOption(new Option("-i, --stdin", "pass stdin on"))
    .addOption(new Option("-t, --tty", "give it a terminal"))
    .action(async (name, command, { pod: podName, container, stdin = false, tty = false }) => {
      const cluster = await cli.cluster();
      const { io } = cli;
      const seen = await readSeen(cluster, name);
      const pod = podToTalkTo(seen, podName);
      const where = container === undefined ? defaultContainer(seen) : containerNamed(seen, container);
      if (tty && !io.stdin.isTTY) throw new Failure("-t wants a terminal", { next: "leave -t out", exitCode: 2 });
      const { namespace, name: inPod } = pod;
      if (podName === undefined) cli.note(`In pod ${inPod}, container ${where}`);
      if (tty) io.stdin.setRawMode(true);
      try {
        const ended = Promise.withResolvers<V1Status>();
        const [out, err, input] = [asWritable(io.stdout), tty ? null : asWritable(io.stderr), stdin ? io.stdin : null];
        const sockets = await socketsOver(cluster.wire.session);
        const socket = await sockets.exec
          .exec(namespace, inPod, where, command, out, err, input, tty, ended.resolve)
          .catch((event: unknown) => {
            throw notOpened(`run a command in pod ${inPod}`, event);
          });
        if (input !== null) sendInStep(input, socket);
        socket.on("close", () => ended.resolve({ status: "Failure", message: "the connection was closed" }));
        io.interrupted.addEventListener("abort", () => socket.close());
        const end = await ended.promise;
        cli.exitCode = io.interrupted.aborted ? ExitCode.interrupted : exitCodeOf(end);
      } finally {
        if (tty) io.stdin.setRawMode(false);
        // Open, it would keep the process alive.
        io.stdin.destroy();
      }
    });

/**
 * client-node sends all that stdin gives at once: it would fill the memory, and a command that ends before it has read
 * everything would be lost behind it, with its output and exit code.
 */
export function sendInStep(
  stdin: Pick<NodeJS.ReadableStream, "on" | "pause" | "resume">,
  socket: { readonly bufferedAmount: number; readonly readyState: number; readonly OPEN: number },
): void {
  const behind = () => socket.readyState === socket.OPEN && socket.bufferedAmount > MOST_UNSENT_BYTES;
  const goOn = () => {
    if (behind()) setTimeout(goOn, LOOK_AGAIN_MS);
    else stdin.resume();
  };
  stdin.on("data", () => {
    if (!behind()) return;
    stdin.pause();
    setTimeout(goOn, LOOK_AGAIN_MS);
  });
}

/** The command's own exit code. @throws {Failure} when it did not run */
export function exitCodeOf({ status, reason, message, details }: V1Status): number {
  if (status === "Success") return ExitCode.done;
  const code = details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
  if (reason === "NonZeroExitCode" && code !== undefined) return Number(code);
  throw new Failure(message ?? "the command did not run");
}
