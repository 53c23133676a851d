/** What the controller would do to a CloneSet, step by step, if everything went well: its own plans, played forward. */

import type { Features } from "../api/features.ts";
import type { Action, DeleteReason } from "../plan/actions.ts";
import { plan } from "../plan/plan.ts";
import { nextStatus } from "../plan/status.ts";
import type { Start } from "./world.ts";
import { World } from "./world.ts";

/** Steps that change nobody's pods are not shown. */
export type Move =
  | { kind: "create"; pod: string; revision: string; claims: string[] }
  | { kind: "delete"; pod: string; reason: DeleteReason; claims: string[] }
  | { kind: "inPlace"; pod: string; revision: string }
  | { kind: "adopt"; pod: string };

/** What happens at the same time. The next step waits until everything of this one is ready. */
export interface Step {
  moves: Move[];
  /** Pods in service while the step is carried out, at the worst. */
  available: number;
}

export interface Preview {
  steps: Step[];
  /** done: nothing is left to do · held: it waits for somebody · endless: still moving when the preview gave up. */
  end: "done" | "refused" | "held" | "endless";
  /** In the words of the controller's status. */
  message: string;
}

const PASSES_MAX = 20_000;
const PASS_MS = 1000;
/** How often time may pass without anything happening, before that is taken for the end. */
const IDLE_MAX = 4;
const WAIT_MAX_MS = 3_600_000;

export function preview(start: Start, { features, nowMs }: { features: Features; nowMs: number }): Preview {
  const world = new World(start, { features, nowMs });
  const steps: Step[] = [];
  let idle = 0;
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const seen = world.observation();
    const planned = plan(seen);
    if (planned.kind === "refused") return { steps, end: "refused", message: planned.why };
    for (const action of planned.actions) world.carryOut(action);
    if (planned.kind === "revisions") continue;
    world.keepIds(planned.drawnAhead, planned.actions);
    const status = nextStatus({ ...planned.statusInput, failures: { scale: undefined, update: planned.problems[0] } });
    world.setStatus(status);
    const moves = planned.actions.flatMap(moveOf);
    if (moves.length > 0) {
      const touched = new Set(moves.map(({ pod }) => pod));
      const { members } = planned.statusInput;
      const available = members.filter((member) => member.available && !touched.has(member.pod.name)).length;
      steps.push({ moves, available });
    }
    const worked = world.letNodesWork();
    const isIdle = planned.actions.length === 0 && !worked;
    idle = isIdle ? idle + 1 : 0;
    const again = planned.againInMs;
    if (isIdle && (again === undefined || idle > IDLE_MAX)) {
      const ready = status.conditions.find(({ type }) => type === "Ready");
      return { steps, end: ready?.status === "True" ? "done" : "held", message: ready?.message ?? "" };
    }
    world.nowMs += isIdle ? Math.min(again ?? PASS_MS, WAIT_MAX_MS) : PASS_MS;
  }
  return { steps, end: "endless", message: `still moving after ${PASSES_MAX} passes` };
}

function moveOf(action: Action): Move[] {
  switch (action.kind) {
    case "createPod":
      return [
        {
          kind: "create",
          pod: action.name,
          revision: action.revision,
          claims: action.claims.map(({ name }) => name),
        },
      ];
    case "deletePod":
      return [
        {
          kind: "delete",
          pod: action.pod.name,
          reason: action.reason,
          claims: action.claims.map(({ name }) => name),
        },
      ];
    case "updatePodInPlace":
      return [{ kind: "inPlace", pod: action.pod.name, revision: action.revision }];
    case "adoptPod":
      return [{ kind: "adopt", pod: action.pod.name }];
    case "createRevision":
    case "patchRevision":
    case "deleteRevision":
    case "adoptRevision":
    case "refreshPod":
    case "adoptClaim":
    case "patchClaim":
    case "deleteClaim":
      return [];
  }
}

/** What becomes of each pod that is there now. */
export type Fate =
  | { kind: "kept" }
  | { kind: "inPlace" }
  | { kind: "recreated"; claims: string[] }
  | { kind: "removed"; reason: DeleteReason; claims: string[] };

/** By name. A pod that is first updated in place and removed later is removed. */
export function fates({ steps }: Preview, { pods }: Pick<Start, "pods">): Map<string, Fate> {
  const result = new Map<string, Fate>(pods.map(({ metadata }) => [metadata.name, { kind: "kept" }]));
  for (const move of steps.flatMap(({ moves }) => moves)) {
    if (!result.has(move.pod)) continue;
    switch (move.kind) {
      case "inPlace":
        result.set(move.pod, { kind: "inPlace" });
        break;
      case "delete": {
        const { reason, claims } = move;
        result.set(
          move.pod,
          reason === "recreateUpdate" ? { kind: "recreated", claims } : { kind: "removed", reason, claims },
        );
        break;
      }
      case "create":
      case "adopt":
        break;
    }
  }
  return result;
}
