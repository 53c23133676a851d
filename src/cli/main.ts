#!/usr/bin/env node
/** `kubectl cloneset`: kubectl runs whatever is called kubectl-cloneset on the PATH. */
import { realClock } from "../kube/clock.ts";
import { run } from "./program.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
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
