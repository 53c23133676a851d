/** A table as text: the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => (column === 0 ? (row[column] ?? "").padEnd(width) : (row[column] ?? "").padStart(width)))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** The middle value; of an even number the lower one of the two, so that it is one that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/** 1234.5 → "1,235"; 12.34 → "12.3"; 1.234 → "1.23". Three digits say all that a measurement here is good for. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "-";
  const size = Math.abs(value);
  return size >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(size >= 10 ? 1 : 2);
}

export function percent(value: number): string {
  return Number.isNaN(value) ? "-" : `${Math.round(value * 100)}%`;
}
