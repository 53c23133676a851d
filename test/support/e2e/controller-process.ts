import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const TAIL_LINES = 60;

export interface ControllerOptions {
  kubeconfig: string;
  /** Undefined = all namespaces. */
  namespace: string | undefined;
  /** In which namespace the Lease is; undefined = no leader election. */
  leaseNamespace?: string | undefined;
  flags?: string[];
}

/** A controller as users run it: its own process, known by its flags, its log and its exit code alone. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #faults: string[] = [];
  readonly #ended: Promise<string>;
  #isLeading = false;
  #isCrashed = false;
  /** "host:port" of /readyz, once it is served. */
  #health: string | undefined;

  /** Returns when /readyz says so. */
  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    const controller = new ControllerProcess(options);
    let ended: string | undefined;
    void controller.#ended.then((how) => (ended = how));
    await eventually("the controller to be ready", async () => {
      if (ended !== undefined) return;
      if (controller.#health === undefined) throw new Error("It has not started yet");
      const response = await fetch(`http://${controller.#health}/readyz`);
      if (!response.ok) throw new Error(await response.text());
    });
    if (ended !== undefined) throw new Error(`The controller left at once (${ended}).\n${controller.tail()}`);
    return controller;
  }

  private constructor({ kubeconfig, namespace, leaseNamespace, flags = [] }: ControllerOptions) {
    const args = [
      MAIN,
      `--kubeconfig=${kubeconfig}`,
      ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
      `--leader-elect=${leaseNamespace !== undefined}`,
      ...(leaseNamespace === undefined ? [] : [`--leader-elect-namespace=${leaseNamespace}`]),
      "--health-address=127.0.0.1:0",
      "--metrics-address=off",
      "--log-format=json",
      ...flags,
    ];
    this.#child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const child = this.#child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#take(line));
    }
    this.#ended = new Promise((done) => {
      child.on("error", (error) => done(error.message));
      child.on("exit", (code, signal) => done(signal ?? `exit code ${code}`));
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    void this.#ended.then(() => process.off("exit", kill));
  }

  /** Whether the first plan may have been made. */
  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** What it logged as errors: a refused write is a warning, an error is a fault of its own. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** The last lines of its log, short. */
  tail(): string {
    return this.#lines.slice(-TAIL_LINES).join("\n");
  }

  /** Without a chance to say goodbye. */
  async crash(): Promise<void> {
    this.#isCrashed = true;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** @returns how it ended; "exit code 0" is the wanted answer */
  async stop(): Promise<string> {
    this.#child.kill("SIGTERM");
    return this.#ended;
  }

  #take(line: string): void {
    const entry = readEntry(line);
    const text = entry === undefined ? line : shortLine(entry);
    this.#lines.push(text);
    if (this.#lines.length > 2 * TAIL_LINES) this.#lines.splice(0, TAIL_LINES);
    if (entry?.msg === "leading") this.#isLeading = true;
    if (entry?.msg === "started") this.#health = String(entry["health"]);
    const isTorn = entry === undefined && this.#isCrashed && line.startsWith("{");
    if (!isTorn && (entry === undefined || entry.level >= 50)) this.#faults.push(text);
  }
}

interface LogEntry extends Record<string, unknown> {
  level: number;
  time: number;
  msg: string;
}

const LEVELS: Record<number, string> = { 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal" };

function readEntry(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as LogEntry;
    return typeof entry.level === "number" ? entry : undefined;
  } catch {
    return undefined;
  }
}

function shortLine({ level, time, msg, ...rest }: LogEntry): string {
  const more = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [new Date(time).toISOString().slice(11, 23), LEVELS[level] ?? level, msg, ...more].join(" ");
}
