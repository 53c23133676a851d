import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalQuantity, milliValue, nanoValue, sameQuantity } from "../../../src/revision/quantity.ts";
import { golden } from "./golden.ts";

for (const { text, canonical, nano } of golden<{ text: string; canonical: string | null; nano: string | null }>(
  "quantities.json",
)) {
  test(`quantity ${JSON.stringify(text)} is ${canonical ?? "none"}, as in Go`, () => {
    assert.equal(canonicalQuantity(text), canonical ?? undefined);
    assert.equal(nanoValue(text), nano === null ? undefined : BigInt(nano));
  });
}

const same = [
  ["1000m", "1"],
  [1, "1"],
  ["1Gi", "1024Mi"],
  ["1e3", "1k"],
  ["0.5m", "1m"],
  ["0.1", "100m"],
] as const;
for (const [a, b] of same) test(`${a} and ${b} are the same amount`, () => assert.ok(sameQuantity(a, b)));

const different = [
  ["1G", "1Gi"],
  ["1", "1m"],
  ["9007199254740993", "9007199254740992"],
  ["junk", "1"],
  ["junk", "trash"],
] as const;
for (const [a, b] of different) test(`${a} and ${b} are different amounts`, () => assert.ok(!sameQuantity(a, b)));

test("a whole number of milli-units is the same in every notation", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (milli) => {
      const decimal = `${milli / 1000n}.${String(milli % 1000n).padStart(3, "0")}`;
      for (const text of [`${milli}m`, decimal, `${milli}e-3`, `${milli}000u`]) {
        assert.equal(milliValue(text), milli);
        assert.equal(milliValue(canonicalQuantity(text)), milli);
      }
    }),
  );
});
