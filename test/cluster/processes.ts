/**
 * Which processes belong to this cluster?
 *
 * Each runs in the background, detached, and outlives the command that started it. A file per process keeps its
 * pid and the moment it started: a pid alone may have been given to a stranger since.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface BackgroundProcess {
  name: string;
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. With the pid it names one process for good. */
  startTicks: string;
}

export interface Start {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
}

const TERM_WAIT_MS = 10_000;
const READY_WAIT_MS = 120_000;
const POLL_MS = 50;

export async function startInBackground(dir: string, start: Start): Promise<BackgroundProcess> {
  await mkdir(join(dir, "pids"), { recursive: true });
  await mkdir(join(dir, "logs"), { recursive: true });
  const log = openSync(logPath(dir, start.name), "a");
  try {
    const child = spawn(start.command, start.args, {
      cwd: dir,
      detached: true,
      env: { ...process.env, ...start.env },
      stdio: ["ignore", log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    child.unref();
    const running = { name: start.name, pid, startTicks: startTicksOf(pid) ?? "" };
    await writeFile(join(dir, "pids", `${start.name}.json`), JSON.stringify(running));
    return running;
  } finally {
    closeSync(log);
  }
}

export function logPath(dir: string, name: string): string {
  return join(dir, "logs", `${name}.log`);
}

export async function listProcesses(dir: string): Promise<BackgroundProcess[]> {
  const files = await readdir(join(dir, "pids")).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(dir, "pids", file), "utf8")));
  return texts.map((text) => JSON.parse(text) as BackgroundProcess);
}

export function isRunning(process: BackgroundProcess): boolean {
  return process.startTicks !== "" && startTicksOf(process.pid) === process.startTicks;
}

/** Stops one process politely, then firmly, and forgets it. A process which is gone already is no error. */
export async function stopProcess(dir: string, target: BackgroundProcess, signal: NodeJS.Signals = "SIGTERM") {
  const deadlineMs = Date.now() + TERM_WAIT_MS;
  if (isRunning(target)) kill(target.pid, signal);
  while (isRunning(target) && Date.now() < deadlineMs) await sleep(POLL_MS);
  while (isRunning(target)) {
    kill(target.pid, "SIGKILL");
    await sleep(POLL_MS);
  }
  await rm(join(dir, "pids", `${target.name}.json`), { force: true });
}

/** The last lines of a log, for the message that says why a process did not come up. */
export async function tailOfLog(dir: string, name: string, lines = 15): Promise<string> {
  const text = await readFile(logPath(dir, name), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** Tries until it succeeds. Gives up when the process that should bring it about has ended, and shows its last words. */
export async function waitFor<T>(
  what: string,
  process: BackgroundProcess,
  dir: string,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadlineMs = Date.now() + READY_WAIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRunning(process)) {
        throw new Error(
          `${process.name} ended while waiting for ${what}. Its log says:\n${await tailOfLog(dir, process.name)}`,
          { cause: error },
        );
      }
      if (Date.now() > deadlineMs) {
        throw new Error(
          `Waited ${READY_WAIT_MS / 1000} s for ${what} in vain (${String(error)}). ${process.name} says:\n${await tailOfLog(dir, process.name)}`,
          { cause: error },
        );
      }
    }
    await sleep(POLL_MS);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** undefined for a process that does not exist, and for a zombie: it has ended, only nobody has asked how. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name, field 2, is in parentheses and may hold spaces; what follows the last ")" is regular.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
