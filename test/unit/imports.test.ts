import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

/** Which parts of src a part may import from, besides itself. Imports point one way. */
const MAY_IMPORT: Record<string, string[]> = {
  kube: [],
  api: [],
  rules: ["api", "revision", "inplace", "plan"],
  sandbox: ["api", "kube"],
  revision: ["api"],
  inplace: ["api", "revision"],
  plan: ["api", "revision", "inplace"],
  observe: ["api", "revision", "inplace", "plan", "kube"],
  apply: ["api", "revision", "inplace", "plan", "observe", "kube"],
  "reconcile.ts": ["api", "revision", "inplace", "plan", "observe", "apply", "kube"],
  "controller.ts": ["api", "revision", "inplace", "plan", "observe", "apply", "kube", "reconcile.ts"],
  "observe-only.ts": ["api", "plan", "observe", "kube"],
  preview: ["api", "revision", "plan", "observe", "kube"],
  cli: ["api", "rules", "revision", "inplace", "plan", "observe", "kube", "preview"],
  demo: ["api", "plan", "observe", "kube", "sandbox", "cli", "controller.ts"],
  "main.ts": [
    "api",
    "revision",
    "inplace",
    "plan",
    "observe",
    "apply",
    "kube",
    "reconcile.ts",
    "controller.ts",
    "observe-only.ts",
    "sandbox",
  ],
};

/** Time, chance, files and talk reach these parts as arguments only. */
const PURE = ["api", "revision", "inplace", "plan"];
const PURE_MODULES = ["node:crypto", "node:util", "fast-json-patch"];
const IMPURE: [RegExp, string][] = [
  [/\bawait\b/, "awaits"],
  [/\basync\b/, "is async"],
  [/\bPromise\b/, "makes a promise"],
  [/\bDate\.now\b/, "reads the clock"],
  [/\bnew Date\(\s*\)/, "reads the clock"],
  [/\bperformance\b/, "reads the clock"],
  [/\bset(Timeout|Interval|Immediate)\b/, "sets a timer"],
  [/\bMath\.random\b/, "rolls dice"],
  [/\brandom(UUID|Bytes|Int)\b/, "rolls dice"],
  [/\bconsole\b/, "talks"],
  [/\bprocess\b/, "looks at the process"],
  [/\bglobalThis\b/, "reaches for globals"],
];

const SRC = resolve(import.meta.dirname, "../../src");

interface Source {
  /** Relative to src: "plan/plan.ts". */
  file: string;
  /** First part of the path: "plan", "main.ts". */
  part: string;
  code: string;
  imports: string[];
}

const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file): Source => {
    const code = withoutComments(readFileSync(join(SRC, file), "utf8"));
    return { file, part: partOf(file), code, imports: importsOf(code) };
  });

function partOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function importsOf(code: string): string[] {
  const statements = code.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/g);
  const bare = code.matchAll(/\bimport\s*\(?\s*["']([^"']+)["']/g);
  return [...statements, ...bare].map(([, module]) => module ?? "");
}

/** Comments and texts may speak of anything. */
function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

function withoutTexts(code: string): string {
  return code.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""').replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

test("every part of src says what it may import", () => {
  const parts = [...new Set(sources.map(({ part }) => part))].sort();
  assert.deepEqual(parts, Object.keys(MAY_IMPORT).sort());
});

for (const [part, allowed] of Object.entries(MAY_IMPORT)) {
  test(`src/${part} imports from ${allowed.length === 0 ? "no other part of src" : allowed.join(", ")} alone`, () => {
    const wrong = sources
      .filter((source) => source.part === part)
      .flatMap(({ file, imports }) =>
        imports
          .filter((module) => module.startsWith("."))
          .map((module) => relative(SRC, resolve(SRC, dirname(file), module)))
          .filter((target) => !target.startsWith("..") && ![part, ...allowed].includes(partOf(target)))
          .map((target) => `${file} imports ${target}`),
      );
    assert.deepEqual(wrong, []);
  });
}

for (const part of PURE) {
  test(`src/${part} awaits nothing, and reads neither clock, dice, files nor environment`, () => {
    const wrong = sources
      .filter((source) => source.part === part)
      .flatMap(({ file, code, imports }) => [
        ...IMPURE.filter(([pattern]) => pattern.test(withoutTexts(code))).map(([, what]) => `${file} ${what}`),
        ...imports
          .filter((module) => !module.startsWith(".") && !PURE_MODULES.includes(module))
          .map((module) => `${file} imports ${module}`),
      ]);
    assert.deepEqual(wrong, []);
  });
}

/** Files that import each other in a circle, or stand between two circles. */
function inCircles(files: readonly Source[]): string[] {
  const targets = (source: Source) => source.imports.map((module) => join(dirname(source.file), module));
  let left = [...files];
  for (;;) {
    const names = new Set(left.map(({ file }) => file));
    const imported = new Set(left.flatMap(targets));
    const rest = left.filter((source) => imported.has(source.file) && targets(source).some((file) => names.has(file)));
    if (rest.length === left.length) return rest.map(({ file }) => file);
    left = rest;
  }
}

for (const part of Object.keys(MAY_IMPORT)) {
  test(`no files of src/${part} import each other in a circle`, () => {
    assert.deepEqual(inCircles(sources.filter((source) => source.part === part)), []);
  });
}

test("only files called main.ts read flags and environment", () => {
  const readers = sources.filter(({ code }) => /\bprocess\.(env|argv)\b|\bparseArgs\b/.test(withoutTexts(code)));
  assert.deepEqual(
    readers.map(({ file }) => file).filter((file) => file !== "main.ts" && !file.endsWith("/main.ts")),
    [],
  );
});

test("imports of types say so, and local imports end in .ts", () => {
  const wrong = sources.flatMap(({ file, imports }) =>
    imports
      .filter((module) => module.startsWith(".") && !/\.(ts|json)$/.test(module))
      .map((module) => `${file} imports ${module}`),
  );
  assert.deepEqual(wrong, []);
});
