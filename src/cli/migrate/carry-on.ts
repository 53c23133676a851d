import { label } from "../../api/constants.ts";
import { isAlreadyExists, isConflict, isNotFound, messageOf } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { HORIZONTAL_POD_AUTOSCALERS, PODS } from "../../kube/resources.ts";
import type { Cli } from "../cli.ts";
import type { Cluster } from "../cluster.ts";
import { Failure } from "../failure.ts";
import { lookAround } from "./look.ts";
import type { Migration, Reference } from "./migration.ts";
import { resourceOf } from "./migration.ts";
import { doing } from "./plan-text.ts";
import type { Step } from "./steps.ts";
import { overtaken, remaining } from "./steps.ts";

const POLL_MS = 250;
/** Waiting that is over sooner is not worth a word. */
const SHORT_MS = 1000;
/** Garbage collection and controllers answer within moments, or not at all. */
const PATIENCE_MS = 60_000;
/**
 * Caches of controllers are this far behind at most: whoever still sees the former owner on the pods would make others. And whoever
 * makes the former owner again, such as a GitOps controller, does so within this time as a rule.
 */
const SETTLE_MS = 1000;

/**
 * Takes one step after the other, and looks again after each, until nothing is left. Stopped anywhere, it goes on from there.
 *
 * @throws {Failure} if nothing moves for a minute, if the plan was overtaken, and if the server refuses a step or cannot be reached
 */
export async function carryOn(cli: Cli, name: string, migration: Migration): Promise<void> {
  try {
    await takeSteps(cli, name, migration);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(messageOf(error), { next: "repeat the command: it goes on from here" });
  }
}

async function takeSteps(cli: Cli, name: string, migration: Migration): Promise<void> {
  const cluster = await cli.cluster();
  const { clock, interrupted } = cli.io;
  let known = "";
  let sinceMs = clock.nowMs();
  let isTold = false;
  let settledFor: Step["kind"] | undefined;
  for (;;) {
    const live = await lookAround(cluster, name, migration.selector);
    const objection = overtaken(migration, live);
    if (objection) throw new Failure(objection.why, { next: objection.next });
    const [step] = remaining(migration, live);
    if (step === undefined) return;
    if (interrupted.aborted) throw new Failure("interrupted", { next: "the same command goes on from here" });
    const text = doing(step);
    const nowMs = clock.nowMs();
    if (text !== known) [known, sinceMs, isTold] = [text, nowMs, false];
    if (nowMs - sinceMs > PATIENCE_MS) {
      throw new Failure(`for a minute nothing has come of this: ${text}`, {
        next: "kubectl cloneset doctor; then repeat the command: it goes on from here",
      });
    }
    const waits = step.kind === "awaitGone" || step.kind === "awaitTaken";
    if (!isTold && (!waits || nowMs - sinceMs > SHORT_MS)) {
      cli.note(text);
      isTold = true;
    }
    if (waits) await clock.sleep(POLL_MS, interrupted).catch(() => {});
    else if (isTurn(migration, step) && settledFor !== step.kind) {
      // Then it is looked once more: somebody may have made the former owner again.
      await clock.sleep(SETTLE_MS);
      settledFor = step.kind;
    } else await take(cluster, step);
  }
}

/**
 * The steps that make it harder for a former owner that is made again: it finds its pods through their ReplicaSet as long as that is
 * there, and as long as they have no new owner.
 */
function isTurn({ letGo: [workload], create: [owner] }: Migration, step: Step): boolean {
  return (
    (step.kind === "letGo" && step.object.uid !== workload?.uid) || (step.kind === "create" && step.object === owner)
  );
}

async function take(cluster: Cluster, step: Step): Promise<void> {
  const { client, namespace, limits } = cluster;
  switch (step.kind) {
    case "letGo":
      await deleted(cluster, step.object, { resourceVersion: step.resourceVersion, propagationPolicy: "Orphan" });
      return;
    case "label":
      for (const { name, uid } of step.pods) {
        const patch = { metadata: { uid, labels: { [label.podTemplateHash]: step.hash } } };
        await unlessMoved(() => client.patch(PODS, { namespace, name }, patch, { type: "merge", ...limits }));
      }
      return;
    case "create":
      await created(cluster, step.object);
      return;
    case "retarget": {
      const { name } = step.autoscaler.metadata;
      const patch = { spec: { scaleTargetRef: step.to } };
      await client.patch(HORIZONTAL_POD_AUTOSCALERS, { namespace, name }, patch, { type: "merge", ...limits });
      return;
    }
    case "clear":
      await deleted(cluster, step.object, {});
      return;
    case "awaitGone":
    case "awaitTaken":
  }
}

async function deleted(
  { client, namespace, limits }: Cluster,
  { kind, name, uid }: Reference,
  how: { resourceVersion?: string; propagationPolicy?: "Orphan" },
): Promise<void> {
  await unlessMoved(() => client.delete(resourceOf(kind), { namespace, name }, { uid, ...how, ...limits }));
}

/** Gone already is as good; changed meanwhile is looked at again. */
async function unlessMoved(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** One that is there already is looked at next: another process may be at the same migration. */
async function created({ client, limits }: Cluster, object: KubeObject): Promise<void> {
  try {
    await client.create(resourceOf(object.kind), object, limits);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
