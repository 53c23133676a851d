/** What a single write of a controller may change, whatever else is going on: rules of before and after. */

import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import { isMap, isSame } from "../../src/sandbox/objects.ts";
import type { Write } from "../../src/sandbox/store.ts";
import {
  conditionOf,
  containersOf,
  GATE,
  hasGate,
  idOf,
  isActive,
  ownerUid,
  STATE,
  short,
  specOf,
  statusOf,
} from "./truth.ts";
import type { Violation } from "./violation.ts";

const IN_PLACE_STATE = "apps.kruise.io/inplace-update-state";
const STATE_TIME = "lifecycle.apps.kruise.io/timestamp";

type Rule = (before: StoredObject, after: StoredObject) => string | undefined;

/** By the number of the invariant, for changes of pods. */
const podRules: Readonly<Record<string, Rule>> = {
  S16: keepsWhatItIs,
  S23: goesOnInItsLife,
};

/** What is wrong with a write by itself. */
export function faultsOfWrite({ kind, before, after, method }: Write): Violation[] {
  if (after === undefined) return [];
  switch (kind.resource.plural) {
    case "pods":
      return before === undefined || method === "DELETE"
        ? []
        : Object.entries(podRules).flatMap(([invariant, rule]) => violation(invariant, rule(before, after)));
    case "persistentvolumeclaims":
      return violation("S15", before === undefined ? whyClaimIsNoOnes(after) : undefined);
    case "controllerrevisions":
      return violation("S26", before === undefined ? undefined : numberGoesBack(before, after));
    case "clonesets":
      return violation("S28", before === undefined ? undefined : whyStatusIsWrong(before, after));
    default:
      return [];
  }
}

function violation(invariant: string, what: string | undefined): Violation[] {
  return what === undefined ? [] : [{ invariant, what }];
}

/** S16: a pod that is patched keeps everything but images and resources of its containers. */
function keepsWhatItIs(before: StoredObject, after: StoredObject): string | undefined {
  const { name } = before.metadata;
  const rest = (pod: StoredObject): JsonMap => {
    const spec = specOf(pod);
    const bare = (list: unknown) =>
      Array.isArray(list) ? (list as JsonMap[]).map(({ image: _i, resources: _r, ...more }) => more) : [];
    return { ...spec, containers: bare(spec["containers"]), initContainers: bare(spec["initContainers"]) };
  };
  if (!isSame(rest(before), rest(after)))
    return `a patch of ${name} changes more of its spec than images and resources`;
  if (idOf(before) !== undefined && idOf(before) !== idOf(after)) return `the instance id of ${name} changes`;
  const [owner, newOwner] = [ownerUid(before), ownerUid(after)];
  if (owner !== undefined && newOwner !== undefined && owner !== newOwner) return `${name} gets another owner`;
  return undefined;
}

/** S18: after an update in place the gate opens only when every container runs what the pod's spec says, and no batch is left. */
export function whyNotFinished(before: StoredObject, after: StoredObject): string | undefined {
  if (!hasGate(after) || conditionOf(before, GATE) !== "False" || conditionOf(after, GATE) !== "True") return undefined;
  const { name } = after.metadata;
  const statuses = (statusOf(after)["containerStatuses"] ?? []) as { name: string; image: string; state: JsonMap }[];
  const other = containersOf(after).find(({ name: container, image }) => {
    const status = statuses.find((one) => one.name === container);
    return status !== undefined && (status.image !== image || status.state["running"] === undefined);
  });
  if (other) return `the gate of ${name} opens while container ${other.name} does not run ${other.image}`;
  const left = stateOf(after)["nextContainerImages"];
  return isMap(left) && Object.keys(left).length > 0 && isActive(after)
    ? `the gate of ${name} opens while batches are left: ${JSON.stringify(left)}`
    : undefined;
}

function stateOf({ metadata }: StoredObject): JsonMap {
  try {
    const state: unknown = JSON.parse(metadata.annotations?.[IN_PLACE_STATE] ?? "{}");
    return isMap(state) ? state : {};
  } catch {
    return {};
  }
}

/** From each state, those that a controller may put a pod into. "" = none. */
const nextStates: Readonly<Record<string, readonly string[]>> = {
  "": ["PreparingUpdate", "Updating", "PreparingDelete", "Normal"],
  PreparingNormal: ["Normal", "PreparingUpdate", "Updating", "PreparingDelete"],
  Normal: ["PreparingUpdate", "Updating", "PreparingDelete"],
  PreparingUpdate: ["Updating", "Updated", "Normal", "PreparingDelete"],
  Updating: ["Updated", "Normal", "PreparingDelete", "PreparingUpdate"],
  Updated: ["Normal", "PreparingUpdate", "Updating", "PreparingDelete"],
  PreparingDelete: ["PreparingNormal"],
};

/** S23: the state of a pod moves as it may, and never without its time. */
function goesOnInItsLife(before: StoredObject, after: StoredObject): string | undefined {
  const [from = "", to = ""] = [before.metadata.labels?.[STATE], after.metadata.labels?.[STATE]];
  if (from === to) return undefined;
  const { name } = before.metadata;
  if (nextStates[from]?.includes(to) !== true) return `${name} goes from ${from || "no state"} to ${to || "none"}`;
  const time = after.metadata.annotations?.[STATE_TIME];
  return time === undefined ? `${name} becomes ${to} without a time` : undefined;
}

/** S15: claims belong to the CloneSet that made them, and carry the id of their pod. */
function whyClaimIsNoOnes(claim: StoredObject): string | undefined {
  const { name, ownerReferences = [] } = claim.metadata;
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner?.kind !== "CloneSet") return `claim ${name} is created for ${owner?.kind ?? "nobody"}`;
  const id = idOf(claim);
  return id !== undefined && name.endsWith(`-${owner.name}-${id}`)
    ? undefined
    : `claim ${name} of ${owner.name} has the instance id ${id}`;
}

/** S26: numbers of revisions only rise. */
function numberGoesBack(before: StoredObject, after: StoredObject): string | undefined {
  const [from, to] = [Number(before["revision"]), Number(after["revision"])];
  return to < from ? `revision ${before.metadata.name} goes from number ${from} to ${to}` : undefined;
}

/** S28: parts are never more than the whole, and the current revision becomes the update revision or stays. */
function whyStatusIsWrong(before: StoredObject, after: StoredObject): string | undefined {
  const [old, status] = [statusOf(before), statusOf(after)];
  if (isSame(old, status)) return undefined;
  const chains = [
    ["updatedAvailableReplicas", "updatedReadyReplicas", "updatedReplicas", "replicas"],
    ["updatedAvailableReplicas", "availableReplicas", "readyReplicas", "replicas"],
  ];
  for (const chain of chains) {
    const numbers = chain.map((field) => Number(status[field] ?? 0));
    if (numbers.some((number, i) => number > (numbers[i + 1] ?? Number.POSITIVE_INFINITY)))
      return `the status says ${chain.map((field, i) => `${field} ${numbers[i]}`).join(", ")}`;
  }
  const { currentRevision: current = "", updateRevision: update = "" } = status as Record<string, string>;
  const { currentRevision: was = "" } = old as Record<string, string>;
  return was !== "" && short(was) !== short(current) && short(current) !== short(update)
    ? `the current revision goes from ${was} to ${current}, the update revision is ${update}`
    : undefined;
}
