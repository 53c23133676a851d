/**
 * Kubernetes quantities ("500m", "1.5Gi", "12e6"), exactly.
 *
 * A quantity is digits and a suffix: 10³ⁿ ("m", "k", "M" …), 2¹⁰ⁿ ("Ki", "Mi" …) or a decimal exponent ("e3"). Everything finer than
 * 10⁻⁹ is rounded up, so that a value is a whole number of nanos: "1.5Gi" = 1610612736 × 10⁹.
 */

type Format = "decimal" | "binary" | "exponent";

interface Quantity {
  nano: bigint;
  format: Format;
  /** The text itself where Go keeps it: it takes some notations for canonical that are not, such as "1.500" or "01Gi". */
  kept?: string;
}

const NANO = 10n ** 9n;
const MILLI_IN_NANO = 10n ** 6n;
/** Above this, numbers in binary notation are cut to it. */
const BINARY_MAX = 2n ** 63n - 1n;
/** Go keeps a number of at most this many digits as an integer, and only of those it keeps the text. */
const INT64_DIGITS = 18;
/** Nobody means such an exponent; raising 10 to it would only burn time. */
const EXPONENT_MAX = 1000;

const decimalSuffixes = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const binarySuffixes = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);

/** The value in billionths, rounded up (away from zero); undefined if it is not a quantity. */
export function nanoValue(quantity: unknown): bigint | undefined {
  return parse(quantity)?.nano;
}

/** The value in thousandths, rounded up: finer amounts do not exist for a container. Undefined if it is not a quantity. */
export function milliValue(quantity: unknown): bigint | undefined {
  const nano = nanoValue(quantity);
  return nano === undefined ? undefined : divideAwayFromZero(nano, MILLI_IN_NANO);
}

/** The text that Go writes for a quantity it has read: "1024Mi" → "1Gi", "0.5" → "500m", 2 → "2". Undefined if it is not a quantity. */
export function canonicalQuantity(quantity: unknown): string | undefined {
  const parsed = parse(quantity);
  return parsed && (parsed.kept ?? textOf(parsed));
}

/** Whether two quantities are equal by value, to the milli-unit. What is not a quantity is equal to its own text only. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const [first, second] = [milliValue(a), milliValue(b)];
  return first === undefined || second === undefined ? a === b : first === second;
}

/** The shortest text of a number of thousandths: 1500n → "1500m", 2000n → "2". */
export function milliText(milli: bigint): string {
  return milli % 1000n === 0n ? `${milli / 1000n}` : `${milli}m`;
}

function parse(quantity: unknown): Quantity | undefined {
  if (typeof quantity !== "string" && typeof quantity !== "number") return undefined;
  const text = String(quantity).trim();
  if (text === "") return undefined;
  const match = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/.exec(text);
  if (!match) return undefined;
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match;
  const unit = readSuffix(suffix);
  if (!unit) return undefined;
  const { format, exponent } = unit;
  const digits = (whole || "0") + fraction;
  const magnitude = BigInt(digits);
  const factor = format === "binary" ? 2n ** BigInt(exponent) : 1n;
  const decimals = (format === "binary" ? 0 : exponent) - fraction.length + 9;
  let nano =
    decimals >= 0
      ? magnitude * factor * 10n ** BigInt(decimals)
      : divideAwayFromZero(magnitude * factor, 10n ** BigInt(-decimals));

  const short =
    format === "binary"
      ? fraction === "" && whole !== "" && 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1 >= 0
      : digits.length <= INT64_DIGITS && decimals >= 0;
  if (format === "binary" && !short && nano > BINARY_MAX * NANO) nano = BINARY_MAX * NANO;
  const value: Quantity = { nano: sign === "-" ? -nano : nano, format };
  const looksCanonical =
    format === "binary"
      ? (magnitude & 7n) !== 0n
      : (exponent - fraction.length) % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
  return short && looksCanonical ? { ...value, kept: text } : value;
}

function readSuffix(suffix: string): { format: Format; exponent: number } | undefined {
  const decimal = decimalSuffixes.get(suffix);
  if (decimal !== undefined) return { format: "decimal", exponent: decimal };
  const binary = binarySuffixes.get(suffix);
  if (binary !== undefined) return { format: "binary", exponent: binary };
  if (!/^[eE][+-]?\d+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) > EXPONENT_MAX ? undefined : { format: "exponent", exponent };
}

function textOf({ nano, format }: Quantity): string {
  if (nano === 0n) return "0";
  const isBinary = format === "binary" && nano % NANO === 0n && absolute(nano) >= 1024n * NANO;
  if (isBinary) {
    const { rest, times } = factorOut(nano / NANO, 1024n);
    return `${rest}${suffixOf(binarySuffixes, times * 10)}`;
  }
  let { rest, times } = factorOut(nano, 10n);
  let exponent = times - 9;
  for (; exponent % 3 !== 0; exponent--) rest *= 10n;
  if (format === "exponent") return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
  return `${rest}${suffixOf(decimalSuffixes, exponent)}`;
}

/** The suffix for an exponent. There is none above "E", and Go then writes none: "1000E" becomes "1". */
function suffixOf(suffixes: ReadonlyMap<string, number>, exponent: number): string {
  for (const [suffix, of] of suffixes) if (of === exponent) return suffix;
  return "";
}

function factorOut(value: bigint, factor: bigint): { rest: bigint; times: number } {
  let [rest, times] = [value, 0];
  for (; rest % factor === 0n; times++) rest /= factor;
  return { rest, times };
}

function divideAwayFromZero(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
