import { PassThrough } from "node:stream";
import xterm from "@xterm/headless";
import type { Io, Out } from "../../src/cli/cli.ts";
import { realClock } from "../../src/kube/clock.ts";

/** A terminal to look at, and to type into. */
export interface Terminal {
  io: Io;
  /** What is on it now, without spaces at the ends of lines. */
  lines(): Promise<string[]>;
  /** Everything written since the last call. */
  written(): string;
  /** Characters as a keyboard sends them. */
  type(keys: string): Promise<void>;
  resize(columns: number, rows: number): void;
  /** Whether a program has taken the whole terminal over. */
  isTaken(): Promise<boolean>;
}

export function openTerminal({ columns = 80, rows = 24, nowMs = () => Date.now() } = {}): Terminal {
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  let written = "";
  const stdout: Out = {
    isTTY: true,
    columns,
    rows,
    write: (text) => {
      written += text;
      emulator.write(text);
    },
  };
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  /** The emulator reads what is written a little later. */
  const settled = () => new Promise<void>((resolve) => emulator.write("", resolve));
  return {
    io: {
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout,
      stderr: stdout,
      env: { LANG: "C.UTF-8" },
      clock: { ...realClock, nowMs },
      interrupted: new AbortController().signal,
    },
    lines: async () => {
      await settled();
      const { active } = emulator.buffer;
      const all = Array.from(
        { length: emulator.rows },
        (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? "",
      );
      return all.slice(0, all.findLastIndex((line) => line !== "") + 1);
    },
    written: () => {
      const text = written;
      written = "";
      return text;
    },
    type: async (keys) => {
      stdin.write(keys);
      await new Promise((resolve) => setImmediate(resolve));
    },
    resize: (newColumns, newRows) => {
      Object.assign(stdout, { columns: newColumns, rows: newRows });
      emulator.resize(newColumns, newRows);
    },
    isTaken: async () => {
      await settled();
      return emulator.buffer.active.type === "alternate";
    },
  };
}
