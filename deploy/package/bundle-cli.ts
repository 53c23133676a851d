/**
 * Makes one file of the plugin, for the package and for tests that run it as a user does:
 * `node deploy/package/bundle-cli.ts [FOLDER]`, default `dist/cli`.
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { partsOnly } from "./parts-only.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** npm links it under the name kubectl looks for, which is without the ending. */
const BINARY = "kubectl-cloneset.cjs";

/** The oldest Node the plugin runs on. */
const NODE = 22;

/**
 * The binary says so if Node is too old for the bundle, which would only fail in the middle of a verb. Then it switches on
 * Node's compile cache and goes on to the bundle: what is loaded before the switch is compiled anew each time.
 */
const ENTRY = `#!/usr/bin/env node
if (Number.parseInt(process.versions.node, 10) < ${NODE}) {
  console.error("error: kubectl cloneset needs Node ${NODE} or newer, found " + process.versions.node + " (" + process.execPath + ")");
  process.exit(1);
}
require("node:module").enableCompileCache?.();
require("./bundle.cjs");
`;

/** Returns the path of the binary. */
export async function bundleCli(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ["src/cli/main.ts"],
    outfile: join(folder, "bundle.cjs"),
    bundle: true,
    platform: "node",
    target: `node${NODE}`,
    format: "cjs",
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [partsOnly],
  });
  const binary = join(folder, BINARY);
  await writeFile(binary, ENTRY);
  await chmod(binary, 0o755);
  return binary;
}

if (import.meta.main) await bundleCli(process.argv[2] ?? join(PROJECT, "dist/cli"));
