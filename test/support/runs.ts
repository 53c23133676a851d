/** How often a property is tried: `--runs=5000` on the command line, or RUNS in the environment; 200 otherwise. */
export function runs(): number {
  const flag = process.argv.find((argument) => argument.startsWith("--runs="))?.slice("--runs=".length);
  const count = Number(flag ?? process.env["RUNS"] ?? 200);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`want a number of runs, found ${flag ?? process.env["RUNS"]}`);
  return count;
}
