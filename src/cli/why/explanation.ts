import { timeMs } from "../../api/kubernetes.ts";
import type { Pod } from "../../api/pod.ts";
import { isTerminal } from "../../api/pod.ts";
import { duration } from "../age.ts";
import { nextStep } from "../rollout.ts";
import type { PodRow } from "../tree/pod-row.ts";
import type { Tree } from "../tree/tree.ts";
import { treeOf } from "../tree/tree.ts";
import type { Evidence } from "./evidence.ts";
import { closedBudgets, fullQuotas, lastWarning, unboundClaims } from "./facts.ts";

/** Why a CloneSet or a pod is as it is; with -o json this is the document. */
export interface Explanation {
  kind: "Explanation";
  namespace: string;
  /** Of the CloneSet. */
  cloneSet: string;
  /** "" where the CloneSet is explained. */
  pod: string;
  /** That of the rollout, or of the pod. */
  state: string;
  /** One paragraph. */
  text: string;
  /** What to do about it: a command, or a sentence; "" where nothing is to be done. */
  next: string;
}

interface Told {
  nowMs: number;
  /** " -n NAMESPACE" for the commands, or "". */
  flag: string;
}

const EVENTS_COUNT_MS = 3_600_000;
/** So long a pod may take to start, or to go, before somebody should look at it. */
const PATIENCE_MS = 60_000;

/** Pods that are not as they should be, the worst first. */
export function inTrouble({ revisions }: Tree): PodRow[] {
  const rank = { bad: 0, waiting: 1, busy: 2, going: 3, ok: 4 };
  return revisions
    .flatMap(({ pods }) => pods)
    .filter(({ mark }) => mark !== "ok")
    .sort((a, b) => rank[a.mark] - rank[b.mark]);
}

export function explainCloneSet(evidence: Evidence, { nowMs, flag }: Told): Explanation {
  const { seen, events, quotas } = evidence;
  const tree = treeOf(seen, nowMs);
  const { rollout } = tree;
  const lacksPods = rollout.replicas < rollout.desired;
  const troubled = inTrouble(tree);
  const recent = events.filter(
    (event) => nowMs - (timeMs(event.lastTimestamp ?? undefined) || nowMs) < EVENTS_COUNT_MS,
  );
  const warning = rollout.state === "done" ? undefined : lastWarning(recent, nowMs);
  const full = lacksPods ? fullQuotas(quotas) : [];
  const sentences = [
    `CloneSet ${tree.name}: ${tree.title.toLowerCase()}${progressOf(tree, nowMs)}`,
    ...(tree.gate === undefined ? [] : [tree.gate.replaceAll(" · ", "; ")]),
    ...(tree.waiting === undefined ? [] : [`what it waits for: ${tree.waiting.replace(/^waiting for /, "")}`]),
    ...(warning === undefined ? [] : [warning]),
    ...(full.length === 0 ? [] : [`nothing is left of ${full.join("; ")}`]),
    ...troubled.flatMap(({ name }) => podDetails(name, evidence, nowMs)),
  ];
  const [worst] = troubled;
  const remedy =
    full.length > 0
      ? "raise the quota, or make room: kubectl describe resourcequota"
      : worst === undefined || rollout.state === "done" || !needsHelp(worst, evidence, nowMs)
        ? undefined
        : remedyFor(worst.name, evidence, flag);
  const commands = rollout.state === "failed" ? `kubectl cloneset get ${tree.name}${flag}` : nextStep(rollout, flag);
  return {
    kind: "Explanation",
    namespace: tree.namespace,
    cloneSet: tree.name,
    pod: "",
    state: rollout.state,
    text: paragraph(sentences),
    next: seesNothing(seen) ? "kubectl cloneset doctor" : (remedy ?? commands ?? ""),
  };
}

/** `podName` is one of the pods that were seen. */
export function explainPod(podName: string, evidence: Evidence, { nowMs, flag }: Told): Explanation {
  const { seen, budgets } = evidence;
  const tree = treeOf(seen, nowMs);
  const group = tree.revisions.find(({ pods }) => pods.some(({ name }) => name === podName));
  const row = group?.pods.find(({ name }) => name === podName);
  const pod = seen.pods.find(({ name }) => name === podName);
  if (row === undefined || pod === undefined || group === undefined) throw new Error(`no pod ${podName} was seen`);
  const revision = group.number === 0 ? "" : ` (${group.name})`;
  const role = group.role === "update" ? "the update" : group.number === 0 ? "an unknown" : "an old";
  const where = pod.nodeName === undefined ? "" : ` on node ${pod.nodeName}`;
  const closed = closedBudgets(budgets, pod);
  const sentences = [
    `pod ${podName} of CloneSet ${tree.name}: ${row.state}${where}, ${duration(nowMs - pod.createdMs)} old, on ${role} revision${revision}`,
    ...(row.note === "" ? [] : [`note: ${row.note}`]),
    ...(row.note.startsWith("next") || row.note.startsWith("in turn")
      ? [
          `the rollout now has ${tree.budget.replaceAll(" · ", ", ")}${tree.waiting === undefined ? "" : `; it waits for ${tree.waiting.replace(/^waiting for /, "")}`}`,
        ]
      : []),
    ...podDetails(podName, evidence, nowMs).map((text) => text.replace(`pod ${podName}: `, "")),
    ...(closed.length === 0 ? [] : [`PodDisruptionBudget ${closed.join(", ")} allows no eviction of it now`]),
  ];
  return {
    kind: "Explanation",
    namespace: tree.namespace,
    cloneSet: tree.name,
    pod: podName,
    state: row.state,
    text: paragraph(sentences),
    next: nextForPod(row, evidence, { nowMs, flag }),
  };
}

function nextForPod(row: PodRow, evidence: Evidence, { nowMs, flag }: Told): string {
  const { cloneSet } = evidence.seen;
  if (row.note.startsWith("kept by partition")) return `kubectl cloneset promote ${cloneSet.name}${flag}`;
  if (row.note.startsWith("kept by pause")) return `kubectl cloneset resume ${cloneSet.name}${flag}`;
  return needsHelp(row, evidence, nowMs) ? remedyFor(row.name, evidence, flag) : "";
}

function progressOf({ rollout, sinceMs }: Tree, nowMs: number): string {
  const { updatedAvailable, expectedUpdated, available, desired, state } = rollout;
  const since = state === "progressing" && sinceMs > 0 && updatedAvailable < expectedUpdated;
  return (
    `, ${updatedAvailable} of ${expectedUpdated} pods updated and available, ${available} of ${desired} available in all` +
    (since ? `; its rollout began ${duration(nowMs - sinceMs)} ago` : "")
  );
}

/** What was last said about a pod and its PVCs, and what its containers say themselves. */
function podDetails(podName: string, evidence: Evidence, nowMs: number): string[] {
  const pod = evidence.seen.pods.find(({ name }) => name === podName);
  if (pod === undefined) return [];
  const warning = lastWarning(evidence.eventsOf.get(podName) ?? [], nowMs);
  const said = [...pod.initContainerStatuses, ...pod.containerStatuses]
    .filter(({ state, message }) => state !== "running" && message)
    .map(({ name, message = "" }) => `container ${name} says ${JSON.stringify(message.trim())}`);
  const details = [...said, ...(warning === undefined ? [] : [warning]), ...unboundClaims(pod, evidence, nowMs)];
  return details.length === 0 ? [] : [`pod ${podName}: ${details.join("; ")}`];
}

/** Whether it is in trouble, and not just on its way: nobody is to mend what is being done. */
function needsHelp({ name, mark }: PodRow, { seen }: Evidence, nowMs: number): boolean {
  const pod = seen.pods.find((one) => one.name === name);
  switch (mark) {
    case "ok":
      return false;
    case "bad":
      return true;
    case "going":
      // The controller removes what was only named. What is deleted has until then: that is when its grace ends.
      return pod?.deletedMs !== undefined && nowMs - pod.deletedMs > PATIENCE_MS;
    case "busy":
    case "waiting":
      return nowMs - (pod?.conditions["Ready"]?.lastTransitionMs || pod?.createdMs || 0) > PATIENCE_MS;
  }
}

/** What somebody can do for a pod that is in trouble. */
function remedyFor(podName: string, { seen }: Evidence, flag: string): string {
  const pod = seen.pods.find(({ name }) => name === podName);
  const describe = `kubectl describe pod ${podName}${flag}`;
  if (pod === undefined) return describe;
  if (pod.deletedMs !== undefined) {
    return `if node ${pod.nodeName ?? ""} is lost: kubectl taint node ${pod.nodeName ?? "NODE"} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`;
  }
  if (isTerminal(pod) || pod.nodeName === undefined) return describe;
  const stuck = stuckContainer(pod);
  switch (stuck?.reason) {
    case undefined:
      return describe;
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "InvalidImageName":
    case "ErrImageNeverPull":
      return `mend the image (kubectl cloneset set image ${seen.cloneSet.name}${flag} ${stuck.name}=IMAGE), or kubectl cloneset undo ${seen.cloneSet.name}${flag}`;
    case "CrashLoopBackOff":
    case "Error":
    case "OOMKilled":
      return `kubectl logs ${podName}${flag} -c ${stuck.name} --previous, or kubectl cloneset undo ${seen.cloneSet.name}${flag}`;
    default:
      return describe;
  }
}

function stuckContainer(pod: Pod): Pod["containerStatuses"][number] | undefined {
  return [...pod.initContainerStatuses, ...pod.containerStatuses].find(
    ({ state, reason }) => state !== "running" && reason !== undefined && reason !== "Completed",
  );
}

/** The controller has not looked at the last edit: perhaps it does not run. */
function seesNothing({ cloneSet }: Evidence["seen"]): boolean {
  return !cloneSet.deleting && cloneSet.status.observedGeneration < cloneSet.generation;
}

function paragraph(sentences: readonly string[]): string {
  return sentences
    .map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`)
    .join(" ");
}
