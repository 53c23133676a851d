/**
 * Which files of the project does the image hold?
 *
 *   node deploy/image/stage.ts DIR
 *
 * The controller as JavaScript with the packages it needs when it runs, as the lock file pins them. The Dockerfile calls
 * this, and so does the script that makes the same image without a container engine: there is one answer.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const INPUTS = ["package.json", "package-lock.json", ".npmrc"];

/** What packages bring along for people and compilers. Licences stay. */
const NOT_RUN = /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|tsbuildinfo)$/i;
/** Inputs of `npm ci`, and its own notes. */
const NOT_NEEDED = [".npmrc", "package-lock.json", "node_modules/.package-lock.json", "node_modules/.bin"];

/** @throws with npm's or the compiler's words if either fails */
export async function stage(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of INPUTS) await cp(join(PROJECT, name), join(dir, name));
  await run("npm", ["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"], {
    cwd: dir,
  });
  const compiler = join(PROJECT, "node_modules", ".bin", "tsc");
  const flags = ["--sourceMap", "false", "--declaration", "false", "--outDir", join(dir, "dist")];
  await run(compiler, ["-p", join(PROJECT, "tsconfig.build.json"), ...flags], { cwd: PROJECT });
  for (const name of NOT_NEEDED) await rm(join(dir, name), { recursive: true, force: true });
  await cp(join(PROJECT, "LICENSE"), join(dir, "LICENSE"));
  await dropUnrun(join(dir, "node_modules"));
}

/** Leaves no directory empty: packages that hold types alone go as a whole but for their manifest. */
async function dropUnrun(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await dropUnrun(path);
    else if (NOT_RUN.test(entry.name)) await rm(path);
  }
  if ((await readdir(dir)).length === 0) await rmdir(dir);
}

if (import.meta.main) {
  const [dir, ...more] = process.argv.slice(2);
  if (dir === undefined || more.length > 0) {
    console.error("Usage: node deploy/image/stage.ts DIR");
    process.exitCode = 2;
  } else await stage(resolve(dir));
}
