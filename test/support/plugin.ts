import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { bundleCli } from "../../deploy/package/bundle-cli.ts";
import { CLONE_SETS } from "../../src/api/resource.ts";
import type { KubeObject, Resource } from "../../src/kube/resources.ts";
import { resourcePath } from "../../src/kube/resources.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Follow {
  first: () => Promise<void>;
  last?: RegExp;
}

/** The plugin as a user has it (bundled, in a process of its own) beside a cluster. */
export interface ClusterPlugin {
  /** A file. */
  kubeconfig: string;
  /** A folder that goes with the plugin. */
  folder: string;
  /** What the context of the kubeconfig says. */
  namespace: string;
  /** `run("status web -o json")`: what follows `kubectl cloneset`; 'single quotes' hold a word together. */
  run(commandLine: string, options?: { input?: string; env?: Record<string, string> }): Promise<Run>;
  /**
   * The same as text for a golden file: the command, stdout, stderr with "! " before each line, the exit code unless
   * it is 0.
   */
  transcript(...commandLines: string[]): Promise<string>;
  /** Stores an object as it is; what it says of its status is stored too. */
  store(resource: Resource, object: KubeObject & { status?: object }): Promise<KubeObject>;
  close(): Promise<void>;
}

/** The same beside a sandbox it talks to over HTTP. */
export interface Plugin extends ClusterPlugin {
  sandbox: Sandbox;
  /** Writes the status of a CloneSet in the namespace default. */
  setStatus(name: string, status: object | undefined): Promise<void>;
  /** Runs a command that follows what happens: acts on its first line, and interrupts it when a line is the last one. */
  watched(commandLine: string, when: Follow): Promise<{ code: number; lines: string[] }>;
}

/** For tests that want more than the binary: its path, made once per process. */
export function pluginBinary(): Promise<string> {
  binary ??= bundleCli(temporaryFolder());
  return binary;
}
let binary: Promise<string> | undefined;

/** Runs the plugin against the cluster of a kubeconfig file. */
export async function runPlugin(commandLine: string, kubeconfig: string): Promise<Run> {
  return await finished(await pluginBinary(), words(commandLine), "", environment(kubeconfig));
}

/** Plain text whatever the terminal and the locale of whoever runs the tests. */
function environment(kubeconfig: string): NodeJS.ProcessEnv {
  return { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: "1", LC_ALL: "C.UTF-8" };
}

/** `nodes`: 0 = pods stay as they are stored. */
export async function startPlugin({ nodes = 0 }: { nodes?: number } = {}): Promise<Plugin> {
  const command = await pluginBinary();
  const sandbox = await startSandbox({ nodes });
  const folder = temporaryFolder();
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, sandbox.kubeconfig);
  const run = runner(command, kubeconfig);
  return {
    sandbox,
    kubeconfig,
    folder,
    namespace: "default",
    run,
    transcript: async (...commandLines) => {
      const said = await transcript(run, commandLines);
      return said.replaceAll(sandbox.url, "http://SERVER").replaceAll(folder, "FOLDER");
    },
    store: async (resource, object) => {
      const { namespace, name } = object.metadata;
      const made = await send(sandbox, "POST", resourcePath(resource, { namespace }), object);
      if (object.status === undefined) return made;
      const path = resourcePath(resource, { namespace, name, subresource: "status" });
      // Not PUT: the scheduler may have said something about a pod meanwhile.
      return await send(sandbox, "PATCH", path, { status: object.status });
    },
    setStatus: async (name, status) => {
      const path = resourcePath(CLONE_SETS, { namespace: "default", name });
      const now = (await (await fetch(sandbox.url + path)).json()) as object;
      await send(sandbox, "PUT", `${path}/status`, { ...now, status });
    },
    watched: (commandLine, when) => watched(command, words(commandLine), environment(kubeconfig), when),
    close: () => sandbox.close(),
  };
}

/** Runs command lines of the plugin with this kubeconfig. */
export function runner(command: string, kubeconfig: string): ClusterPlugin["run"] {
  return (commandLine, { input = "", env = {} } = {}) =>
    finished(command, words(commandLine), input, {
      ...process.env,
      KUBECONFIG: kubeconfig,
      NO_COLOR: "1",
      LC_ALL: "C.UTF-8",
      ...env,
    });
}

export async function transcript(run: ClusterPlugin["run"], commandLines: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const line of commandLines) parts.push(told(line, await run(line)));
  return parts.join("\n");
}

async function watched(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  { first, last }: Follow,
): Promise<{ code: number; lines: string[] }> {
  const child = spawn(process.execPath, [command, ...args], { env, timeout: 300_000 });
  const closed = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  const lines: string[] = [];
  const acts: Promise<void>[] = [];
  const listen = (stream: Readable) =>
    createInterface(stream).on("line", (line) => {
      if (lines.push(line) === 1) acts.push(first());
      if (last?.test(line)) child.kill("SIGINT");
    });
  listen(child.stdout);
  listen(child.stderr);
  const code = await closed;
  await Promise.all(acts);
  return { code, lines };
}

async function send(sandbox: Sandbox, method: string, path: string, body: object): Promise<KubeObject> {
  const headers = { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
  const response = await fetch(sandbox.url + path, { method, headers, body: JSON.stringify(body) });
  const answer = (await response.json()) as KubeObject & { message?: string };
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.message}`);
  return answer;
}

function finished(command: string, args: string[], input: string, env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], { env, timeout: 300_000 });
    const said = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? -1, ...said, ...(signal ? { stderr: signal } : {}) }));
    child.stdin.end(input);
  });
}

function words(commandLine: string): string[] {
  return [...commandLine.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

function told(commandLine: string, { code, stdout, stderr }: Run): string {
  const beside = stderr.replaceAll(/^/gm, "! ").replace(/! $/, "");
  const end = code === 0 ? "" : `[exit ${code}]\n`;
  return `$ kubectl cloneset ${commandLine}\n${stdout}${beside}${end}`;
}

/** Gone when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cloneset-plugin-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
