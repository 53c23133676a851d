const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** The time since `thenMs` as kubectl writes it: "41s", "2m10s", "75m", "5h", "3d4h", "12d", "2y"; "" without a time. */
export function age(thenMs: number, nowMs: number): string {
  return thenMs === 0 ? "" : duration(nowMs - thenMs);
}

/** Two units while the first is small, because there the second still matters. */
export function duration(ms: number): string {
  const span = Math.max(0, ms);
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) => {
    const rest = Math.floor((span % big) / small);
    return `${Math.floor(span / big)}${bigUnit}${rest === 0 ? "" : `${rest}${smallUnit}`}`;
  };
  if (span < 2 * MINUTE) return `${Math.floor(span / SECOND)}s`;
  if (span < 10 * MINUTE) return two(MINUTE, "m", SECOND, "s");
  if (span < 3 * HOUR) return `${Math.floor(span / MINUTE)}m`;
  if (span < 8 * HOUR) return two(HOUR, "h", MINUTE, "m");
  if (span < 2 * DAY) return `${Math.floor(span / HOUR)}h`;
  if (span < 8 * DAY) return two(DAY, "d", HOUR, "h");
  if (span < 2 * YEAR) return `${Math.floor(span / DAY)}d`;
  if (span < 8 * YEAR) return two(YEAR, "y", DAY, "d");
  return `${Math.floor(span / YEAR)}y`;
}
