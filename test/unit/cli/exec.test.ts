import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { exitCodeOf, sendInStep } from "../../../src/cli/verbs/exec.ts";

const OPEN = 1;
const CLOSED = 3;

/** A socket that only collects, as a slow connection does, and the bytes it was given. */
function slowSocket(stdin: PassThrough) {
  const socket = { bufferedAmount: 0, readyState: OPEN, OPEN };
  stdin.on("data", (chunk: Buffer) => {
    socket.bufferedAmount += chunk.length;
  });
  return socket;
}

/** More than may wait unsent, in one piece. */
const MUCH = Buffer.alloc(1024 * 1024);

test("stdin waits until the socket has sent what it has, then goes on", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const stdin = new PassThrough({ highWaterMark: 8 * MUCH.length });
  const socket = slowSocket(stdin);
  sendInStep(stdin, socket);
  stdin.write(MUCH);
  stdin.write(MUCH);
  await new Promise(setImmediate);
  t.mock.timers.tick(1000);
  await new Promise(setImmediate);
  assert.equal(socket.bufferedAmount, MUCH.length, "the second piece waits");
  assert.ok(stdin.isPaused());

  socket.bufferedAmount = 0;
  t.mock.timers.tick(1000);
  await new Promise(setImmediate);
  assert.equal(socket.bufferedAmount, MUCH.length, "the second piece came");
});

test("nothing waits for a socket that closed", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const stdin = new PassThrough();
  const socket = slowSocket(stdin);
  sendInStep(stdin, socket);
  stdin.write(MUCH);
  await new Promise(setImmediate);
  assert.ok(stdin.isPaused());
  socket.readyState = CLOSED;
  t.mock.timers.tick(1000);
  assert.ok(!stdin.isPaused());
});

test("the exit code is the command's own; what did not run is a failure", () => {
  const causes = [{ reason: "ExitCode", message: "7" }];
  assert.equal(exitCodeOf({ status: "Success" }), 0);
  assert.equal(exitCodeOf({ status: "Failure", reason: "NonZeroExitCode", details: { causes } }), 7);
  assert.throws(() => exitCodeOf({ status: "Failure", message: "no such container" }), /no such container/);
});
