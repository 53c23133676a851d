import { toTime } from "../../kube/clock.ts";
import type { Io } from "../cli.ts";
import type { Watching } from "../seen.ts";
import { news } from "./news.ts";
import type { Tree } from "./tree.ts";
import { treeOf } from "./tree.ts";

/** Bursts of changes become one look. */
const COLLECT_MS = 100;

/** Prints one line per change, with its time, until the signal says stop. `view.changed` is to be called on each change. */
export async function follow(
  { stdout, clock, interrupted }: Pick<Io, "stdout" | "clock" | "interrupted">,
  watching: Watching,
  view: { changed: () => void },
): Promise<void> {
  let before: Tree | undefined;
  let isDeaf = false;
  let due: object | undefined;
  const look = () => {
    due = undefined;
    const nowMs = clock.nowMs();
    const say = (text: string) => stdout.write(`${toTime(nowMs)}  ${text}\n`);
    const trouble = watching.trouble();
    if (isDeaf !== (trouble !== undefined))
      say(trouble === undefined ? "news again" : `no news: ${trouble}; trying again`);
    isDeaf = trouble !== undefined;
    const seen = watching.seen();
    if (seen === undefined) {
      if (before) say(`${before.name}  the CloneSet is gone`);
      before = undefined;
      return;
    }
    const tree = treeOf(seen, nowMs);
    for (const line of news(before, tree)) say(line);
    before = tree;
  };
  look();
  view.changed = () => (due ??= clock.setTimeout(look, COLLECT_MS));
  await new Promise<void>((resolve) => {
    if (interrupted.aborted) resolve();
    interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
  clock.clearTimeout(due);
}
