/** What does a pod cost in memory, and what does it cost to take one in? */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { KubeObject } from "../../src/kube/resources.ts";
import { emptyCaches, podText } from "./synthetic.ts";
import { median, short, table } from "./table.ts";
import { threadMs } from "./usage.ts";

export interface CacheOptions {
  pods: number;
  repeat: number;
}

const PORTION = 100;

export function cacheBenchmark({ pods, repeat }: CacheOptions): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const texts = Array.from({ length: pods }, (_, n) => podText(n));
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0) / pods;
  const held: number[] = [];
  const parse: number[] = [];
  const add: number[] = [];
  const update: number[] = [];
  for (let i = 0; i < repeat + 1; i++) {
    const caches = emptyCaches();
    collect();
    const before = process.memoryUsage().heapUsed;
    const added = takeIn(texts, (pod) => caches.pods.event("ADDED", pod));
    collect();
    const after = process.memoryUsage().heapUsed;
    const changed = takeIn(texts, (pod) => {
      pod.metadata.resourceVersion = String(Number(pod.metadata.resourceVersion) + 1_000_000);
      caches.pods.event("MODIFIED", pod);
    });
    if (caches.pods.size !== pods) throw new Error(`the cache holds ${caches.pods.size} pods, want ${pods}`);
    // The first round is for the compiler.
    if (i === 0) continue;
    held.push((after - before) / pods);
    parse.push(added.parse);
    add.push(added.take);
    update.push(changed.take);
  }
  const row = [pods, bytes, median(held), median(parse), median(add), median(update)].map(short);
  console.log(
    table(["pods", "JSON bytes/pod", "held bytes/pod", "parse µs/pod", "add µs/pod", "update µs/pod"], [row]),
  );
}

/** CPU time per pod. Unit: µs. */
function takeIn(texts: readonly string[], take: (pod: KubeObject) => void): { parse: number; take: number } {
  let parseMs = 0;
  let takeMs = 0;
  // In portions, as pages of a list come: a thousand parsed pods would be a burden on the collector that no cache is.
  for (let first = 0; first < texts.length; first += PORTION) {
    const startMs = threadMs();
    const pods = texts.slice(first, first + PORTION).map((text) => JSON.parse(text) as KubeObject);
    const parsedMs = threadMs();
    pods.forEach(take);
    parseMs += parsedMs - startMs;
    takeMs += threadMs() - parsedMs;
  }
  return { parse: (parseMs * 1000) / texts.length, take: (takeMs * 1000) / texts.length };
}
