import type { StoredObject } from "../../src/sandbox/objects.ts";
import type { Wanted } from "./truth.ts";
import { isUp, SPECIFIED, specOf, wantedOf } from "./truth.ts";

/** Versions of a pod that are remembered. */
const HEARD_KEPT = 8;

/** What one process was told: the specs, and which pods serve. More it cannot know. */
export class Knowledge {
  /** Per pod uid: serving, or since when not. */
  readonly up = new Map<string, true | number>();
  /** By uid, of everything it ever heard of. */
  readonly versions = new Map<string, string>();
  /** Since when it is known that a pod is labelled for deletion. */
  readonly labelled = new Map<string, number>();
  /** By uid, the pods as they were heard of. */
  readonly #pods = new Map<string, { atMs: number; pod: StoredObject }[]>();
  readonly #specs = new Map<string, { atMs: number; wanted: Wanted }[]>();

  hear(object: StoredObject, isGone: boolean, nowMs: number): void {
    const { uid, resourceVersion, labels = {} } = object.metadata;
    const before = this.versions.get(uid);
    if (before !== undefined && Number(before) > Number(resourceVersion)) return;
    this.versions.set(uid, resourceVersion);
    if (object.kind === "CloneSet") {
      const specs = this.#specs.get(uid) ?? [];
      specs.push({ atMs: nowMs, wanted: wantedOf(object) });
      this.#specs.set(uid, specs);
    }
    // A list of metadata says nothing about pods.
    if (object.kind !== "Pod" || specOf(object)["containers"] === undefined) return;
    const heard = this.#pods.get(uid) ?? [];
    this.#pods.set(uid, [...heard.slice(-HEARD_KEPT), { atMs: nowMs, pod: object }]);
    if (SPECIFIED in labels && !this.labelled.has(uid)) this.labelled.set(uid, nowMs);
    const known = this.up.get(uid);
    if (!isGone && isUp(object)) this.up.set(uid, true);
    else if (known === true || known === undefined) this.up.set(uid, nowMs);
  }

  /** The specs of a CloneSet that were the latest one known at some time of a period. */
  specsBetween(uid: string, fromMs: number, toMs: number): Wanted[] {
    return between(this.#specs.get(uid) ?? [], fromMs, toMs).map(({ wanted }) => wanted);
  }

  /** The same of a pod. */
  podsBetween(uid: string, fromMs: number, toMs: number): StoredObject[] {
    return between(this.#pods.get(uid) ?? [], fromMs, toMs).map(({ pod }) => pod);
  }
}

function between<T extends { atMs: number }>(heard: readonly T[], fromMs: number, toMs: number): T[] {
  return heard.filter(({ atMs }, i) => atMs <= toMs && (heard[i + 1]?.atMs ?? Number.POSITIVE_INFINITY) >= fromMs);
}
