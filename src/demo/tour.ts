import { setTimeout as sleep } from "node:timers/promises";
import type { Io } from "../cli/cli.ts";
import { rolloutOf } from "../cli/rollout.ts";
import type { Seen, Watching } from "../cli/seen.ts";
import { treeLines } from "../cli/tree/lines.ts";
import { looksOf } from "../cli/tree/looks.ts";
import { news } from "../cli/tree/news.ts";
import { rendered } from "../cli/tree/style.ts";
import { treeOf } from "../cli/tree/tree.ts";
import { toTime } from "../kube/clock.ts";
import type { Playground } from "./playground.ts";
import { carryOut, commandOf } from "./sample.ts";
import type { Chapter } from "./story.ts";
import { STORY } from "./story.ts";

const CHAPTER_MS = 120_000;
/** For a reader, where there is one. */
const READING_MS = 2_500;
const LOOK_EVERY_MS = 50;

/**
 * Plays the story chapter by chapter. Returns how many chapters did not do what they should; it ends with the first,
 * because the next ones build on it.
 */
export async function tour(playground: Playground, watching: Watching, io: Io): Promise<number> {
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const looks = looksOf(io, {});
  for (const [i, chapter] of STORY.entries()) {
    if (io.interrupted.aborted) return 0;
    const before = mustSee(watching);
    say(`\n${i + 1}. ${chapter.title}`);
    say(chapter.text.replaceAll(/^/gm, "   "));
    const edits = chapter.edits(before);
    for (const edit of edits) say(`   $ ${commandOf(edit)}`);
    const known: ((seen: Seen) => boolean)[] = [];
    for (const edit of edits) known.push(await carryOut(edit, playground.cluster));
    const trouble = await played(chapter, before, { watching, isKnown: (now) => known.every((one) => one(now)) }, io);
    const nowMs = io.clock.nowMs();
    for (const { line } of treeLines(treeOf(mustSee(watching), nowMs), { ...looks, nowMs, all: false, flag: "" })) {
      say(`   ${rendered(line, looks)}`.trimEnd());
    }
    if (trouble !== undefined) {
      say(`\nThis chapter did not do what it should: ${trouble}\nThe controller's log: ${playground.log}`);
      return 1;
    }
    if (io.stdout.isTTY) await io.clock.sleep(READING_MS, io.interrupted).catch(() => {});
  }
  say(`\nAll ${STORY.length} chapters did what they should. At no time was more than one pod too few available.`);
  return 0;
}

/** Looks until the chapter is where it wants to be. Returns what is wrong, if it does not get there. */
async function played(
  { isOver, holds }: Chapter,
  before: Seen,
  { watching, isKnown }: { watching: Watching; isKnown: (now: Seen) => boolean },
  { stdout, clock, interrupted }: Io,
): Promise<string | undefined> {
  let shown = treeOf(before, clock.nowMs());
  const endMs = clock.monotonicMs() + CHAPTER_MS;
  while (!interrupted.aborted) {
    const now = mustSee(watching);
    const available = availableIn(now, clock.nowMs());
    for (const line of news(shown, treeOf(now, clock.nowMs())))
      stdout.write(`   ${toTime(clock.nowMs()).slice(11)}  ${line}\n`);
    shown = treeOf(now, clock.nowMs());
    const least = Math.min(availableIn(before, clock.nowMs()), now.cloneSet.spec.replicas) - 1;
    if (available < least) return `${available} pods available, at least ${least} wanted`;
    if (isKnown(now) && isCaughtUp(now, clock.nowMs()) && isOver(now)) return holds(before, now);
    if (clock.monotonicMs() > endMs) return `after ${CHAPTER_MS / 1000} s: ${rolloutOf(now.object).message}`;
    await sleep(LOOK_EVERY_MS);
  }
  return undefined;
}

/** The status is about the spec as it is, and about all the pods that there are. */
function isCaughtUp(seen: Seen, nowMs: number): boolean {
  const { cloneSet, pods } = seen;
  const { status, generation } = cloneSet;
  const isWhole = pods.length === status.replicas && pods.every(({ deletedMs }) => deletedMs === undefined);
  return status.observedGeneration === generation && isWhole && status.availableReplicas === availableIn(seen, nowMs);
}

function availableIn(seen: Seen, nowMs: number): number {
  return treeOf(seen, nowMs).revisions.reduce((sum, { available }) => sum + available, 0);
}

function mustSee(watching: Watching): Seen {
  const seen = watching.seen();
  if (seen === undefined) throw new Error("the CloneSet is gone");
  return seen;
}
