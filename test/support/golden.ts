import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** Compares with `test/golden/NAME`; `node --test --test-update-snapshots FILE` writes it. */
export function assertGolden(t: TestContext, name: string, text: string): void {
  t.assert.fileSnapshot(text, fileURLToPath(new URL(`../golden/${name}`, import.meta.url)), {
    serializers: [(value: unknown) => String(value)],
  });
}
