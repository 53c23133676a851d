import assert from "node:assert/strict";
import { test } from "node:test";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";

/** The longest that our own client keeps a connection that rests. */
const CLIENTS_KEEP_SECONDS = 45;

test("a connection that rests is given up by its client, not by the server in the middle of the next write", async () => {
  const sandbox = await startSandbox();
  try {
    const { headers } = await fetch(`${sandbox.url}/api`);
    const [, seconds] = /timeout=(\d+)/.exec(headers.get("keep-alive") ?? "") ?? [];
    assert.ok(Number(seconds) > CLIENTS_KEEP_SECONDS, `kept for ${seconds} s`);
  } finally {
    await sandbox.close();
  }
});
