import ansi from "ansi-escapes";
import type { Out } from "../cli.ts";

/** Terminals that know these show what is between them at once; others ignore them. */
const BEGIN = "\u001B[?2026h";
const END = "\u001B[?2026l";

/**
 * The whole terminal, beside what the user had on it. Only lines that changed are written, in one go, so that nothing
 * flickers.
 */
export class Screen {
  readonly #out: Out;
  #shown: string[] = [];
  #size = "";

  constructor(out: Out) {
    this.#out = out;
  }

  get rows(): number {
    return this.#out.rows ?? 24;
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  open(): void {
    this.#out.write(ansi.enterAlternativeScreen + ansi.cursorHide + ansi.clearViewport);
  }

  draw(lines: readonly string[]): void {
    const size = `${this.columns}x${this.rows}`;
    const isResized = size !== this.#size;
    this.#size = size;
    const visible = lines.slice(0, this.rows);
    const before = isResized ? [] : this.#shown;
    let update = isResized ? ansi.clearViewport : "";
    for (let row = 0; row < Math.max(visible.length, before.length); row++) {
      const line = visible[row] ?? "";
      if (line !== (before[row] ?? "")) update += ansi.cursorTo(0, row) + line + ansi.eraseEndLine;
    }
    this.#shown = visible;
    if (update !== "") this.#out.write(BEGIN + update + END);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#out.write(ansi.cursorShow + ansi.exitAlternativeScreen);
  }
}
