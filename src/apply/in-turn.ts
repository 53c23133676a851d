/**
 * Runs tasks in their order, at most `atOnce` at a time, each to its end; `mayBegin` is asked before each.
 *
 * @returns the results in order; tasks that were not begun have none. Rejects as soon as a task does.
 */
export async function inTurn<T>(
  tasks: readonly (() => Promise<T>)[],
  { atOnce, mayBegin }: { atOnce: number | (() => number); mayBegin: () => boolean },
): Promise<T[]> {
  const limit = typeof atOnce === "number" ? () => atOnce : atOnce;
  const begun: Promise<T>[] = [];
  let running = 0;
  let broken = false;
  const { promise: allEnded, resolve, reject } = Promise.withResolvers<void>();
  const watch = async (task: Promise<T>): Promise<void> => {
    try {
      await task;
      running -= 1;
      beginMore();
    } catch (error) {
      broken = true;
      reject(error);
    }
  };
  const beginMore = (): void => {
    for (let next = tasks[begun.length]; next !== undefined && !broken; next = tasks[begun.length]) {
      if (running >= limit() || !mayBegin()) break;
      running += 1;
      const task = next();
      begun.push(task);
      void watch(task);
    }
    if (running === 0) resolve();
  };
  beginMore();
  await allEnded;
  return Promise.all(begun);
}
