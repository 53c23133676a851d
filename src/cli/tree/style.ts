import { styleText } from "node:util";
import type { Mark } from "./pod-row.ts";

/** What a piece of text is, not how it looks. */
export type Style = Mark | "strong" | "faint";

/** Text with its style; a line is a list of them. Their width is their number of characters. */
export interface Span {
  text: string;
  style?: Style | undefined;
}

export type Line = Span[];

/** How it looks on this terminal. */
export interface Looks {
  columns: number;
  color: boolean;
  ascii: boolean;
}

const COLORS = {
  ok: "green",
  busy: "cyan",
  waiting: "yellow",
  bad: "red",
  going: "magenta",
  strong: "bold",
  faint: "dim",
} as const;

/** Marks carry by themselves what colour says too. */
const GLYPHS: Record<Mark, { plain: string; ascii: string }> = {
  ok: { plain: "✔ ", ascii: "ok" },
  busy: { plain: "↻ ", ascii: ">>" },
  waiting: { plain: "· ", ascii: ".." },
  bad: { plain: "✖ ", ascii: "!!" },
  going: { plain: "− ", ascii: "xx" },
};

const TO_ASCII: Record<string, string> = { "·": "-", "…": "~", "█": "#", "░": ".", "→": "->" };

export function glyph(mark: Mark, { ascii }: Looks): string {
  return ascii ? GLYPHS[mark].ascii : GLYPHS[mark].plain;
}

/** Nothing is cut, so that commands can be copied: a line that is too long goes on in the next. */
export function broken(line: Line, columns: number): Line[] {
  const lines: Line[] = [[]];
  let left = columns;
  for (const { text, style } of line) {
    let rest = text;
    while (rest.length > left) {
      lines.at(-1)?.push({ text: rest.slice(0, left), style });
      rest = rest.slice(left);
      lines.push([]);
      left = columns;
    }
    lines.at(-1)?.push({ text: rest, style });
    left -= rest.length;
  }
  return lines;
}

/** The line as it goes to the terminal: never wider than it is, without spaces at the end. */
export function rendered(line: Line, { columns, color, ascii }: Looks): string {
  const plain = line.map(({ text, style }) => ({
    text: ascii ? text.replaceAll(/[·…█░→]/g, (char) => TO_ASCII[char] ?? char) : text,
    style,
  }));
  const pieces: string[] = [];
  let left = columns;
  const last = plain.findLastIndex(({ text }) => text.trim() !== "");
  for (const [i, { text, style }] of plain.entries()) {
    if (i > last || left <= 0) break;
    const fitting = i === last ? text.trimEnd().slice(0, left) : text.slice(0, left);
    left -= fitting.length;
    pieces.push(
      color && style && fitting !== "" ? styleText(COLORS[style], fitting, { validateStream: false }) : fitting,
    );
  }
  return pieces.join("");
}
