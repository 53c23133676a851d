import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "../../../src/cli/table.ts";

const ROWS = [{ name: "web", message: "waiting for web-k2v9x, which cannot pull its image" }];
const COLUMNS = [
  { title: "NAME", of: ({ name }: (typeof ROWS)[number]) => name },
  { title: "MESSAGE", of: ({ message }: (typeof ROWS)[number]) => message, cut: true },
];

test("table: a message is cut where the terminal ends", () => {
  assert.equal(table(ROWS, COLUMNS, 40), "NAME   MESSAGE\nweb    waiting for web-k2v9x, which c...");
});

test("table: and is whole where there is none", () => {
  assert.match(table(ROWS, COLUMNS), /its image$/);
});

test("table: what names the row is never cut", () => {
  assert.equal(table(ROWS, COLUMNS, 5), "NAME   MESSAGE\nweb    waiting for web-k...");
});
