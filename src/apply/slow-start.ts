/**
 * Runs tasks in batches of 1, 2, 4, 8, …, those of a batch at once. When one of a batch fails, no further batch starts:
 * whatever refuses one pod (a quota, a webhook) would most likely refuse a thousand.
 *
 * @returns the results in order; tasks that were not started have none
 */
export async function slowStart<T>(
  tasks: readonly (() => Promise<T>)[],
  isFailure: (result: T) => boolean,
): Promise<T[]> {
  const results: T[] = [];
  for (let size = 1; results.length < tasks.length; size *= 2) {
    const batch = await Promise.all(tasks.slice(results.length, results.length + size).map((task) => task()));
    results.push(...batch);
    if (batch.some(isFailure)) break;
  }
  return results;
}
