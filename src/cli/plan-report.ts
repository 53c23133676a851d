/** What a preview says: the document of `plan -o json`, and the text. */

import type { CloneSet } from "../api/cloneset.ts";
import type { Features } from "../api/features.ts";
import type { Pod, Revision } from "../api/pod.ts";
import type { DeleteReason } from "../plan/actions.ts";
import { madeWithClaims } from "../plan/claim-change.ts";
import { inPlaceVerdict } from "../plan/in-place-verdict.ts";
import type { Fate, Move, Preview } from "../preview/preview.ts";
import { claimTemplatesHash } from "../revision/hash.ts";
import { revisionOf } from "../revision/match.ts";
import { listed } from "./pods-in-words.ts";

/** The document. Its form is kept stable. */
export interface PlanReport {
  kind: "Plan";
  namespace: string;
  name: string;
  end: Preview["end"];
  message: string;
  pods: PodFate[];
  steps: Preview["steps"];
}

export interface PodFate {
  pod: string;
  fate: Fate["kind"];
  /** Why a pod is not updated in place, or why it goes; "" where there is nothing to say. */
  why: string;
  /** PVCs that go with it. */
  claims: string[];
}

const REMOVED: Record<DeleteReason, string> = {
  scaleDown: "more pods than wanted",
  podsToDelete: "named for deletion",
  hookDone: "its preDelete hook is done",
  recreateUpdate: "",
  finished: "it has ended; its PVCs stay",
};

export function planReport(
  told: Preview,
  fates: ReadonlyMap<string, Fate>,
  seen: { cloneSet: CloneSet; pods: readonly Pod[]; revisions: readonly Revision[]; features: Features },
): PlanReport {
  const { cloneSet, pods, revisions, features } = seen;
  const { namespace, name, spec } = cloneSet;
  const target = { template: spec.template, claimTemplatesHash: claimTemplatesHash(spec.claimTemplates) };
  const whyNot = (pod: Pod): string => {
    const from = revisionOf(pod, revisions);
    const side = { template: from?.template, claimTemplatesHash: madeWithClaims(pod, from) };
    const verdict = inPlaceVerdict(side, target, { type: spec.updateStrategy.type, features });
    return verdict.possible ? "" : `${verdict.field}: ${verdict.why}`;
  };
  const podFates = [...fates].map(([podName, fate]): PodFate => {
    const pod = pods.find((one) => one.name === podName);
    const claims = "claims" in fate ? fate.claims : [];
    const why = fate.kind === "removed" ? REMOVED[fate.reason] : fate.kind === "recreated" && pod ? whyNot(pod) : "";
    return { pod: podName, fate: fate.kind, why, claims };
  });
  return { kind: "Plan", namespace, name, end: told.end, message: told.message, pods: podFates, steps: told.steps };
}

/** For one pod, and for more. */
const HEADINGS: Record<PodFate["fate"], [string, string]> = {
  kept: ["stays as it is", "stay as they are"],
  inPlace: ["is updated in place", "are updated in place"],
  recreated: ["is re-created", "are re-created"],
  removed: ["is removed", "are removed"],
};
const STEPS_AT_MOST = 20;

export function planText({ name, pods, steps, end, message }: PlanReport): string {
  const lines = [`cloneset ${name}: ${steps.length === 0 ? "nothing to do" : inSteps(steps.length)}`];
  for (const fate of ["inPlace", "recreated", "removed", "kept"] as const) {
    const whys = new Map<string, PodFate[]>();
    for (const pod of pods.filter((one) => one.fate === fate)) whys.set(pod.why, [...(whys.get(pod.why) ?? []), pod]);
    for (const [why, some] of whys) {
      lines.push(
        `  ${some.length} ${HEADINGS[fate][some.length === 1 ? 0 : 1]}${why === "" ? "" : ` (${why})`}: ${listed(some.map(({ pod }) => pod))}`,
      );
      const claims = some.flatMap((pod) => pod.claims);
      if (claims.length > 0) lines.push(`    with ${some.length === 1 ? "its" : "their"} PVCs: ${listed(claims)}`);
    }
  }
  const created = steps.flatMap(({ moves }) => moves).filter(({ kind }) => kind === "create").length;
  if (created > 0) lines.push(`  ${created} new ${created === 1 ? "pod is" : "pods are"} created`);
  steps.slice(0, STEPS_AT_MOST).forEach(({ moves, available }, i) => {
    lines.push(`${String(i + 1).padStart(3)}. ${movesText(moves)}; ${available} in service meanwhile`);
  });
  if (steps.length > STEPS_AT_MOST)
    lines.push(`     … and ${steps.length - STEPS_AT_MOST} more steps; -o json has them all`);
  lines.push(`${endText(end)}${message}`);
  return lines.join("\n");
}

function inSteps(count: number): string {
  return count === 1 ? "one step" : `${count} steps, each when the one before is ready`;
}

function endText(end: PlanReport["end"]): string {
  switch (end) {
    case "done":
      return "Then done: ";
    case "held":
      return "Then it rests: ";
    case "refused":
      return "Nothing can be done before an edit: ";
    case "endless":
      return "";
  }
}

function movesText(moves: readonly Move[]): string {
  const by = (kind: Move["kind"]) => moves.filter((move) => move.kind === kind).map(({ pod }) => pod);
  const part = (verb: string, names: string[]) => (names.length === 0 ? [] : [`${verb} ${listed(names)}`]);
  return [
    ...part("create", by("create")),
    ...part("delete", by("delete")),
    ...part("update in place", by("inPlace")),
    ...part("adopt", by("adopt")),
  ].join("; ");
}
