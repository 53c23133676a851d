/**
 * Pods in shorthand: "5o 2n✗ 1o*" is five old ones, two new ones that are not ready, and an old one that is named for
 * deletion. Actions come out in the same shorthand.
 *
 * First the revision: o = old, n = new (update revision), t = some third one. Then, in this order, what is special:
 * PD = PreparingDelete with its hook still on the pod, PN = PreparingNormal, U = Updating, ✗ = not ready, * = named.
 */

import type { LifecycleState } from "../../src/api/constants.ts";
import { label, readinessGate } from "../../src/api/constants.ts";
import type { Pod } from "../../src/api/pod.ts";
import { lifecycleState } from "../../src/api/pod.ts";
import type { Action } from "../../src/plan/actions.ts";
import type { WorkPlan } from "../../src/plan/plan.ts";
import type { GivenPod } from "./a-pod.ts";
import { aPod } from "./a-pod.ts";
import { NEW, OLD, THIRD } from "./a-revision.ts";

/** The finalizer that a preDelete hook of these tests waits for. */
export const HOLD = "example.com/hold";
export const preDeleteHook = { preDelete: { finalizersHandler: [HOLD] } };

const REVISIONS: Record<string, string> = { o: OLD, n: NEW, t: THIRD };
const STATES: Record<string, LifecycleState> = { PD: "PreparingDelete", PN: "PreparingNormal", U: "Updating" };
const LETTERS = "bcdfghjklmnpqrstvwxz";

/** The pods of a shorthand, with ids bbbbb, bbbbc, … in order. */
export function podsInShort(text: string, given: GivenPod = {}): Pod[] {
  const pods: Pod[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const [, count, revision = "", state, down, named] = /^(\d+)([ont])(PD|PN|U)?(✗)?(\*)?$/.exec(word) ?? [];
    if (count === undefined) throw new Error(`want pods like "5o 2n✗", found ${JSON.stringify(word)}`);
    for (let i = 0; i < Number(count); i++) {
      const one = { id: idOf(pods.length), named: named !== undefined, ready: down === undefined };
      const hold = state === "PD" ? { finalizers: [HOLD] } : {};
      const gate = state === "U" ? { gate: "False" as const, ready: false } : {};
      pods.push(
        aPod({
          revision: REVISIONS[revision] ?? "",
          state: STATES[state ?? ""] ?? "Normal",
          ...hold,
          ...given,
          ...one,
          ...gate,
        }),
      );
    }
  }
  return pods;
}

function idOf(index: number): string {
  const digits = [Math.floor(index / LETTERS.length), index % LETTERS.length];
  return `bbb${digits.map((digit) => LETTERS[digit]).join("")}`;
}

/**
 * What a plan does to pods, in one line: "scale in 2o 1n✗", "create 1o 4n; ScaleUpLimited". Pods that merely get on by
 * themselves (refresh) are left out. "nothing" = nothing.
 */
export function inShort({ actions, notes }: Pick<WorkPlan, "actions" | "notes">, pods: readonly Pod[]): string {
  const done = new Map<string, string[]>();
  for (const action of actions) {
    const [verb, what] = wordsFor(action, pods);
    if (verb === undefined) continue;
    done.set(verb, [...(done.get(verb) ?? []), what]);
  }
  const parts = [...done].map(([verb, list]) => `${verb} ${counted(list)}`);
  return [...parts, ...notes.map(({ reason }) => reason)].join("; ") || "nothing";
}

function wordsFor(action: Action, pods: readonly Pod[]): [string | undefined, string] {
  switch (action.kind) {
    case "createPod":
      return ["create", letterOf(action.revision)];
    case "deletePod":
      return [VERBS[action.reason], shortOf(action.pod.uid, pods)];
    case "updatePodInPlace":
      return ["patch", shortOf(action.pod.uid, pods)];
    case "refreshPod": {
      const state = stateIn(action);
      return action.why === state && state?.startsWith("Preparing")
        ? [`to ${state}`, shortOf(action.pod.uid, pods)]
        : [undefined, ""];
    }
    case "createRevision":
    case "patchRevision":
    case "deleteRevision":
    case "adoptPod":
    case "adoptClaim":
    case "adoptRevision":
    case "patchClaim":
    case "deleteClaim":
      return [action.kind, ""];
  }
}

const VERBS = {
  scaleDown: "scale in",
  podsToDelete: "delete",
  hookDone: "delete",
  recreateUpdate: "recreate",
  finished: "clear",
};

function stateIn({ patches }: Action & { kind: "refreshPod" }): string | undefined {
  const metadata = patches[0]?.body.metadata as { labels?: Record<string, string> } | undefined;
  return metadata?.labels?.[label.lifecycleState];
}

function shortOf(uid: string, pods: readonly Pod[]): string {
  const pod = pods.find((one) => one.uid === uid);
  if (pod === undefined) return uid;
  const state = Object.entries(STATES).find(([, name]) => name === lifecycleState(pod))?.[0] ?? "";
  const down =
    pod.conditions.Ready?.status === "True" || pod.conditions[readinessGate.inPlaceUpdateReady]?.status === "False"
      ? ""
      : "✗";
  return `${letterOf(pod.labels[label.revision] ?? "")}${state}${down}${label.specifiedDelete in pod.labels ? "*" : ""}`;
}

function letterOf(revision: string): string {
  return Object.entries(REVISIONS).find(([, name]) => name === revision)?.[0] ?? revision;
}

/** ["o", "o", "n"] → "2o 1n" */
function counted(list: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of list) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count}${word}`).join(" ");
}
