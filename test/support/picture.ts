/** A terminal's screen as an SVG picture. */

/** Text in one style, from a column on. */
export interface TextRun {
  column: number;
  text: string;
  /** Number in the terminal's palette; undefined = the default. */
  color: number | undefined;
  bold: boolean;
  dim: boolean;
}

const CELL = { width: 8.4, height: 18 };
const PADDING = 14;
/** The eight colours of a palette that reads well on both halves of the day. */
const PALETTE = ["#6e7681", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#e6edf3"];

export function svgOf(rows: readonly (readonly TextRun[])[], columns: number): string {
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = Math.ceil(rows.length * CELL.height + 2 * PADDING);
  const lines = rows.map((runs, row) => runs.map((run) => text(run, row)).join(""));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3" style="white-space: pre">`,
    ...lines.filter(Boolean),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function text({ column, text: content, color, bold, dim }: TextRun, row: number): string {
  const x = round(PADDING + column * CELL.width);
  const y = round(PADDING + row * CELL.height + 13);
  const length = round(content.length * CELL.width);
  const style = [
    color === undefined ? "" : ` fill="${PALETTE[color] ?? "#e6edf3"}"`,
    bold ? ' font-weight="bold"' : "",
    dim ? ' opacity="0.6"' : "",
  ].join("");
  return `<text x="${x}" y="${y}" textLength="${length}"${style}>${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
