import { CLONE_SETS } from "../../api/resource.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import type { KubeObject, Resource } from "../../kube/resources.ts";
import { CONTROLLER_REVISIONS, DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, REPLICA_SETS } from "../../kube/resources.ts";
import type { Cli } from "../cli.ts";
import type { Cluster } from "../cluster.ts";
import { Failure } from "../failure.ts";
import { lookAround } from "./look.ts";
import type { Migration, Reference } from "./migration.ts";
import { spoken } from "./migration.ts";
import { doing } from "./plan-text.ts";
import type { Step } from "./steps.ts";
import { remaining } from "./steps.ts";

const POLL_MS = 250;
/** Waiting that is over sooner is not worth a word. */
const SHORT_MS = 1000;
/** Garbage collection and controllers answer within moments, or not at all. */
const PATIENCE_MS = 60_000;
/** Caches of controllers are this far behind at most: whoever still sees the former owner on the pods would make others. */
const SETTLE_MS = 1000;

/**
 * Takes one step after the other, and looks again after each, until nothing is left. Stopped anywhere, it goes on from there.
 *
 * @throws {Failure} if nothing moves for a minute
 */
export async function carryOn(cli: Cli, name: string, migration: Migration): Promise<void> {
  const cluster = await cli.cluster();
  const { clock, interrupted } = cli.io;
  let known = "";
  let sinceMs = clock.nowMs();
  let isTold = false;
  for (;;) {
    const [step] = remaining(migration, await lookAround(cluster, name, migration.selector));
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
    else await take(cli, cluster, step, migration);
  }
}

async function take(cli: Cli, cluster: Cluster, step: Step, migration: Migration): Promise<void> {
  const { client, namespace, limits } = cluster;
  switch (step.kind) {
    case "letGo":
      return await letGo(cluster, step.object, step.object === migration.letGo[0] ? migration.generation : undefined);
    case "create":
      if (step.object === migration.create[0]) await cli.io.clock.sleep(SETTLE_MS);
      await client.create(resourceOf(step.object.kind), step.object, limits);
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

/** Deletes an object and leaves what it owns. `generation`: the one that the plan was made for. */
async function letGo(cluster: Cluster, object: Reference, generation: number | undefined): Promise<void> {
  const { namespace, limits } = cluster;
  const ref = { namespace, name: object.name };
  const live = await cluster.client.get(resourceOf(object.kind), ref, limits);
  if (generation !== undefined && live.metadata.generation !== generation) {
    throw new Failure(`${spoken(object)} was edited meanwhile, nothing was changed`, { next: "repeat the command" });
  }
  const { resourceVersion = "" } = live.metadata;
  await deleted(cluster, object, { resourceVersion, propagationPolicy: "Orphan" });
}

/** Gone already is as good; changed meanwhile is looked at again. */
async function deleted(
  { client, namespace, limits }: Cluster,
  { kind, name, uid }: Reference,
  how: { resourceVersion?: string; propagationPolicy?: "Orphan" },
): Promise<void> {
  try {
    await client.delete(resourceOf(kind), { namespace, name }, { uid, ...how, ...limits });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

function resourceOf(kind: KubeObject["kind"]): Resource {
  const known = [CLONE_SETS, DEPLOYMENTS, REPLICA_SETS, CONTROLLER_REVISIONS].find((one) => one.kind === kind);
  if (known === undefined) throw new Error(`a migration knows no ${kind}`);
  return known;
}
