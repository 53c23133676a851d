import type { IntOrPercent } from "../api/cloneset.ts";
import { SpecError } from "../api/spec-error.ts";

/**
 * Turns `5` or `"20%"` into pods. Percentages may be fractional ("12.5%"); they are of `of`, rounded by `round`.
 *
 * @throws {SpecError} if the value is neither an integer >= 0 nor a percentage >= 0
 */
export function podCount(
  value: IntOrPercent,
  { of, round, field }: { of: number; round: "up" | "down"; field: string },
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  const percent = typeof value === "string" ? /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1] : undefined;
  if (percent === undefined) throw new SpecError(field, value, 'an integer >= 0 or a percentage like "20%"');
  return fraction(percent, of, round);
}

/** `percent` of `of` in integers, because 0.07 * 100 is 7.000000000000001 in floating point and would round up to 8. */
function fraction(percent: string, of: number, round: "up" | "down"): number {
  const [whole = "0", decimals = ""] = percent.split(".");
  const numerator = BigInt(whole + decimals) * BigInt(of);
  const denominator = 100n * 10n ** BigInt(decimals.length);
  const floor = numerator / denominator;
  const exact = floor * denominator === numerator;
  return Number(round === "up" && !exact ? floor + 1n : floor);
}
