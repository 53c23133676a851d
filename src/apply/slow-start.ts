import { inTurn } from "./in-turn.ts";

/**
 * Runs `firstAtOnce` tasks at a time, and one more for each that succeeds, up to `atOnce`: 1, 2, 4, 8, … After the first
 * failure none is begun: whatever refuses one pod (a quota, a webhook) would most likely refuse a thousand.
 *
 * @returns the results in order; tasks that were not begun have none
 */
export async function slowStart<T>(
  tasks: readonly (() => Promise<T>)[],
  given: { firstAtOnce: number; atOnce: number; mayBegin: () => boolean; isFailure: (result: T) => boolean },
): Promise<T[]> {
  const { firstAtOnce, atOnce, mayBegin, isFailure } = given;
  let succeeded = 0;
  let failed = false;
  const watched = tasks.map((task) => async () => {
    const result = await task();
    if (isFailure(result)) failed = true;
    else succeeded += 1;
    return result;
  });
  return inTurn(watched, {
    atOnce: () => Math.min(firstAtOnce + succeeded, atOnce),
    mayBegin: () => !failed && mayBegin(),
  });
}
