import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { loadAll } from "js-yaml";
import type { Io } from "./cli.ts";
import { ExitCode } from "./exit-code.ts";
import { Failure } from "./failure.ts";

/** One document of a manifest file. */
export interface Manifest {
  /** "-" for standard input. */
  file: string;
  /** The line it begins at, counted from 1. */
  line: number;
  text: string;
  /** Undefined where the text is not YAML: `problem` says why. */
  object: Record<string, unknown> | undefined;
  problem?: string;
}

const ENDINGS = new Set([".yaml", ".yml", ".json"]);

/**
 * The documents of files, of folders (with all below them), or of standard input ("-"). Empty documents are left out, a `List` is
 * taken apart.
 *
 * @throws {Failure} if a path cannot be read
 */
export async function readManifests(paths: readonly string[], io: Io): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for (const path of paths) {
    if (path === "-") found.push(...documents("-", await textOf(io.stdin)));
    else for (const file of await filesOf(path)) found.push(...documents(file, await read(file)));
  }
  return found;
}

async function filesOf(path: string): Promise<string[]> {
  const { isFolder } = await look(path);
  if (!isFolder) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => ENDINGS.has(extname(name)))
    .sort()
    .map((name) => join(path, name));
}

async function look(path: string): Promise<{ isFolder: boolean }> {
  try {
    return { isFolder: (await stat(path)).isDirectory() };
  } catch {
    throw new Failure(`the path "${path}" does not exist`, { exitCode: ExitCode.usage });
  }
}

async function read(file: string): Promise<string> {
  return await readFile(file, "utf8");
}

async function textOf(stream: NodeJS.ReadStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += String(chunk);
  return text;
}

function documents(file: string, text: string): Manifest[] {
  const found: Manifest[] = [];
  let line = 1;
  for (const part of text.split(/^---[^\S\n]*$/m)) {
    found.push(...parsed(file, line + (/^\s*\n/.exec(part)?.[0].split("\n").length ?? 1) - 1, part));
    line += part.split("\n").length - 1;
  }
  return found;
}

function parsed(file: string, line: number, text: string): Manifest[] {
  let objects: unknown[];
  try {
    objects = loadAll(text);
  } catch (error) {
    const problem = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return [{ file, line, text, object: undefined, problem }];
  }
  return objects.flatMap((value): Manifest[] => {
    if (value === null || value === undefined) return [];
    if (typeof value !== "object" || Array.isArray(value)) {
      return [{ file, line, text, object: undefined, problem: "not an object" }];
    }
    const object = value as Record<string, unknown>;
    const { items } = object;
    const { kind } = object;
    const isList = typeof kind === "string" && kind.endsWith("List") && Array.isArray(items);
    if (!isList) return [{ file, line, text, object }];
    return (items as Record<string, unknown>[]).map((item) => ({ file, line, text, object: item }));
  });
}
