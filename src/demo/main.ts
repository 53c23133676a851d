/** `npm start`: a cluster in this process, the controller, and a CloneSet to play with. */
import { parseArgs } from "node:util";
import { realClock } from "../kube/clock.ts";
import { messageOf } from "../kube/errors.ts";
import type { Flags } from "./demo.ts";
import { demo } from "./demo.ts";

const USAGE = `Usage: npm start [-- flags]

Starts a Kubernetes API in memory with simulated nodes, the CloneSet controller and a sample CloneSet, and shows what
happens to it. Nothing but Node is needed. Ctrl-C stops everything and leaves nothing behind.

  --once       stop as soon as the sample is available
  --tour       play the whole story, with explanations; exit code 0 only if every step did what it should
  --port N     port of the API server (default: any that is free)
  --nodes N    how many simulated nodes (default: 3)
  --help       print this`;

/** Undefined = the flags make no sense, and that has been said. */
function readFlags(args: string[]): (Flags & { help: boolean }) | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        tour: { type: "boolean", default: false },
        once: { type: "boolean", default: false },
        port: { type: "string", default: "0" },
        nodes: { type: "string", default: "3" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const whole = (flag: "port" | "nodes", least: number, most: number): number => {
      const number = Number(values[flag]);
      if (Number.isInteger(number) && number >= least && number <= most) return number;
      throw new Error(`--${flag}: want a whole number from ${least} to ${most}, found ${JSON.stringify(values[flag])}`);
    };
    return { ...values, port: whole("port", 0, 65_535), nodes: whole("nodes", 1, 100) };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nSee npm start -- --help.\n`);
    return undefined;
  }
}

const flags = readFlags(process.argv.slice(2));
if (flags === undefined) process.exitCode = 2;
else if (flags.help) process.stdout.write(`${USAGE}\n`);
else {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupted.abort());
  try {
    process.exitCode = await demo(flags, {
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      clock: realClock,
      interrupted: interrupted.signal,
    });
  } catch (error) {
    process.stderr.write(`npm start: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
