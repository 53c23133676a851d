/** What processes and the machine have used so far, as Linux tells it. */
import { readFileSync } from "node:fs";

/** Linux reports CPU time in hundredths of a second to every program, whatever the kernel counts in. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  /** Resident now. Unit: bytes. */
  resident: number;
  /** The most that ever was. Unit: bytes. */
  peak: number;
}

/** CPU time of a process, user and system. Unit: seconds; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`);
  // The command name, field 2, is in parentheses and may hold spaces; what follows the last ")" is regular.
  const [, , , , , , , , , , , user = "0", system = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}

/** CPU time of this thread: other programs on the machine do not count, unlike in the time of day. Unit: ms. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export function memoryOf(pid: number): Memory {
  const status = textOf(`/proc/${pid}/status`);
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { resident: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** CPU time of the whole machine since it started. Unit: seconds, of all processors together. */
export function machineSeconds(): { busy: number; idle: number } {
  const [, ...fields] = (textOf("/proc/stat").split("\n")[0] ?? "").split(/\s+/);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, stolen = 0] = fields.map(Number);
  return {
    busy: (user + nice + system + irq + softIrq + stolen) / TICKS_PER_SECOND,
    idle: (idle + wait) / TICKS_PER_SECOND,
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
