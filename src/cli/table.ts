export interface Column<T> {
  title: string;
  of: (item: T) => string | number;
  /** Only with -o wide. */
  wide?: boolean;
}

const GAP = 3;

/** As kubectl prints them: upper-case titles, left-aligned columns, three spaces between. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ of }) => String(of(row)) || "<none>")),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => (i === line.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + GAP)))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}
