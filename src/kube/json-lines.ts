import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "./clock.ts";

/** Longest time to parse and handle without letting timers and other requests have their turn. */
const SLICE_MS = 8;

/**
 * Parses a stream of text that has one JSON value per line.
 * Throws on a line that is not JSON, also on a last line cut off in the middle.
 */
export async function* jsonLines(chunks: AsyncIterable<string>, clock: Clock): AsyncGenerator {
  let sliceMs = clock.monotonicMs();
  /** The beginning of a line, in pieces: a large object arrives in many chunks. */
  let pieces: string[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end !== -1; end = chunk.indexOf("\n", start)) {
      const line = pieces.join("") + chunk.slice(start, end);
      pieces = [];
      start = end + 1;
      if (line.trim() === "") continue;
      // The reader's work on the value happens inside `yield`, so the slice covers both.
      yield JSON.parse(line);
      if (clock.monotonicMs() - sliceMs > SLICE_MS) {
        await turn();
        sliceMs = clock.monotonicMs();
      }
    }
    if (start < chunk.length) pieces.push(chunk.slice(start));
  }
  const last = pieces.join("").trim();
  if (last !== "") yield JSON.parse(last);
}
