import assert from "node:assert/strict";
import { test } from "node:test";
import { age, duration } from "../../../src/cli/age.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As kubectl's AGE column has it. */
const cases = [
  { ms: -5, want: "0s" },
  { ms: 41_900, want: "41s" },
  { ms: 119_000, want: "119s" },
  { ms: 2 * MINUTE, want: "2m" },
  { ms: 2 * MINUTE + 10_000, want: "2m10s" },
  { ms: 75 * MINUTE, want: "75m" },
  { ms: 5 * HOUR + 3 * MINUTE, want: "5h3m" },
  { ms: 30 * HOUR, want: "30h" },
  { ms: 3 * DAY + 4 * HOUR, want: "3d4h" },
  { ms: 12 * DAY + HOUR, want: "12d" },
  { ms: 800 * DAY, want: "2y70d" },
];
for (const { ms, want } of cases) test(`duration: ${want}`, () => assert.equal(duration(ms), want));

test("no age without a time", () => assert.equal(age(0, 1), ""));
