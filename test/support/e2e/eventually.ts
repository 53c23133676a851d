import { setTimeout as sleep } from "node:timers/promises";

/** Generous: it says when to give up hope, and nothing about speed. */
const WITHIN_MS = 180_000;
const EVERY_MS = 200;

export interface Waiting {
  withinMs?: number | undefined;
  /** Asked once hope is given up: everything a reader of the failure needs to see. */
  diagnosis?: (() => Promise<string>) | undefined;
}

/**
 * Waits until `check` no longer throws, and returns what it returned.
 *
 * @throws with what was waited for, how `check` failed the last time, and the diagnosis
 */
export async function eventually<T>(what: string, check: () => Promise<T> | T, waiting: Waiting = {}): Promise<T> {
  const { withinMs = WITHIN_MS, diagnosis } = waiting;
  const deadlineMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() < deadlineMs) {
        await sleep(EVERY_MS);
        continue;
      }
      throw await failure(`Waited ${withinMs / 1000} s for: ${what}`, error, diagnosis);
    }
  }
}

/**
 * Looks on for a while and expects `check` to hold all the time. This is how "nothing happens" is tested: that it
 * passes proves little when the machine is slow, but it never fails for that reason.
 */
export async function remains(
  what: string,
  check: () => unknown,
  { forMs = 4000, diagnosis }: { forMs?: number } & Pick<Waiting, "diagnosis"> = {},
): Promise<void> {
  const endMs = Date.now() + forMs;
  while (Date.now() < endMs) {
    try {
      await check();
    } catch (error) {
      throw await failure(`It should remain so: ${what}`, error, diagnosis);
    }
    await sleep(EVERY_MS);
  }
}

async function failure(headline: string, cause: unknown, diagnosis: Waiting["diagnosis"]): Promise<Error> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const found = diagnosis ? `\n\n${await diagnosis()}` : "";
  const error = new Error(`${headline}\n${reason}${found}`);
  // The place in the scenario is what counts, not this file.
  if (cause instanceof Error && cause.stack) error.stack = `${error.message}\n${framesOf(cause.stack)}`;
  return error;
}

function framesOf(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
