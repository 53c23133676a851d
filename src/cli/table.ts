export interface Column<T> {
  title: string;
  of: (item: T) => string | number;
  /** Only with -o wide. */
  wide?: boolean;
  /** Of the last column: cut where the terminal ends; -o wide shows it whole. */
  cut?: boolean;
}

const GAP = 3;
/** What is left of a cell that is cut, however narrow the terminal is. */
const CUT_LEAST = 20;

/**
 * As kubectl prints them: upper-case titles, left-aligned columns, three spaces between. `width`: that of the terminal, for a column
 * that may be cut.
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], width = Number.POSITIVE_INFINITY): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ of }) => String(of(row)) || "<none>")),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP, 0);
  const room = columns.at(-1)?.cut ? Math.max(width - before, CUT_LEAST) : Number.POSITIVE_INFINITY;
  return cells
    .map((line) =>
      line
        .map((cell, i) => (i === line.length - 1 ? shortened(cell, room) : cell.padEnd((widths[i] ?? 0) + GAP)))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}
