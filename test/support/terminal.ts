import { PassThrough } from "node:stream";
import xterm from "@xterm/headless";
import type { Io, Out } from "../../src/cli/cli.ts";
import { realClock } from "../../src/kube/clock.ts";
import type { TextRun } from "./picture.ts";

/** A terminal to look at, and to type into. */
export interface Terminal {
  io: Io;
  /** What is on it now, without spaces at the ends of lines. */
  lines(): Promise<string[]>;
  /** The same with its colours, a list of pieces per line. */
  runs(): Promise<TextRun[][]>;
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
    runs: async () => {
      await settled();
      const { active } = emulator.buffer;
      const all = Array.from({ length: emulator.rows }, (_, row) => runsOf(active.getLine(active.viewportY + row)));
      return all.slice(0, all.findLastIndex((runs) => runs.length > 0) + 1);
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

type BufferLine = ReturnType<xterm.Terminal["buffer"]["active"]["getLine"]>;

/** Neighbours of one style together; blanks are left out. */
function runsOf(line: BufferLine): TextRun[] {
  const runs: TextRun[] = [];
  for (let column = 0; line && column < line.length; column++) {
    const cell = line.getCell(column);
    const text = cell?.getChars() || " ";
    const style = {
      color: cell?.isFgPalette() ? cell.getFgColor() : undefined,
      bold: cell?.isBold() !== 0,
      dim: cell?.isDim() !== 0,
    };
    const last = runs.at(-1);
    const isSame = last && last.color === style.color && last.bold === style.bold && last.dim === style.dim;
    if (isSame && last.column + last.text.length === column) last.text += text;
    else runs.push({ column, text, ...style });
  }
  return runs.flatMap(({ column, text, ...style }) => {
    const blanks = text.length - text.trimStart().length;
    return text.trim() === "" ? [] : [{ column: column + blanks, text: text.trim(), ...style }];
  });
}
