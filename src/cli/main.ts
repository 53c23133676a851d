#!/usr/bin/env node
/** `kubectl cloneset`: kubectl runs whatever is called kubectl-cloneset on the PATH. */
import { realClock } from "../kube/clock.ts";
import { ExitCode } from "./exit-code.ts";
import { run } from "./program.ts";

/** Verbs that hear of a signal end sooner, in good order; whoever waits for an answer that does not come has not heard of it. */
const GRACE_MS = 2000;

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    interrupted.abort(new Error(`interrupted by ${signal}`));
    setTimeout(() => process.exit(ExitCode.interrupted), GRACE_MS).unref();
  });
}
// Whoever reads a pipe may stop early: `kubectl cloneset list | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    clock: realClock,
    interrupted: interrupted.signal,
  });
}

// No await at the top: the bundle is a CommonJS module, which loads faster.
void main();
