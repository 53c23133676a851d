import type { KubeObject } from "../../kube/resources.ts";
import type { Manner } from "../carry-out.ts";
import { confirm } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import { dryRunMark } from "../dry-run.ts";
import { Failure } from "../failure.ts";
import { print } from "../output.ts";
import { carryOn } from "./carry-on.ts";
import type { Pair } from "./look.ts";
import { lookAround, lookAtPair } from "./look.ts";
import type { Migration } from "./migration.ts";
import { forgetMigration, readMigration, spoken, writeMigration } from "./migration.ts";
import { doing, planText } from "./plan-text.ts";
import type { Ready } from "./ready.ts";
import { readyForCloneSet } from "./ready-for-clone-set.ts";
import { readyForDeployment } from "./ready-for-deployment.ts";
import { isHalfway, remaining } from "./steps.ts";
import type { Deployment } from "./workloads.ts";

interface Asked {
  name: string;
  direction: Migration["direction"];
}

const COLUMNS = [
  { title: "KIND", of: ({ kind }: KubeObject) => kind ?? "" },
  { title: "NAME", of: ({ metadata }: KubeObject) => metadata.name },
  {
    title: "REPLICAS",
    of: ({ spec }: KubeObject & { spec?: { replicas?: number | null } }) => spec?.replicas ?? "",
  },
];

/** Begins a migration, or goes on with one that was stopped. */
export async function runMigration(
  cli: Cli,
  asked: Asked,
  manner: Manner & { skipControllerCheck: boolean },
): Promise<void> {
  const cluster = await cli.cluster();
  const { name, direction } = asked;
  const { dryRun, output, yes } = manner;
  const tell = (lines: readonly string[]) => {
    if (output === undefined) for (const line of lines) cli.note(line);
  };
  const kept = await readMigration(cluster, name);
  const live = kept?.state === "underWay" ? await lookAround(cluster, name, kept.selector) : undefined;
  const steps = kept && live && isHalfway(kept, live) ? remaining(kept, live) : undefined;
  if (kept?.direction !== direction && steps !== undefined && steps.length > 0) throw underWay(asked);
  let migration: Migration;
  let manifest: KubeObject | undefined;
  if (kept?.direction === direction && steps !== undefined) {
    migration = kept;
    manifest = kept.create.at(-1);
    tell(["Stopped before its end; still to be done:", ...steps.map((step) => `  ${doing(step)}`)]);
  } else {
    const ready = await begin(cli, asked, {
      pair: await lookAtPair(cluster, name),
      before: kept?.deployment,
      ...manner,
    });
    if (ready === undefined) return;
    ({ migration, manifest } = ready);
    const { around, pods, notes } = ready;
    tell(planText(name, { migration, steps: remaining(migration, around), pods, notes }));
    if (dryRun === "none" && !yes) await confirm(cli, `${spoken(migration.retarget.from)} goes, its pods stay.`);
  }
  if (dryRun === "none") {
    await writeMigration(cluster, name, migration);
    await carryOn(cli, name, migration);
    if (direction === "toCloneSet") await writeMigration(cluster, name, { ...migration, state: "done" });
    else await forgetMigration(cluster, name);
  } else await writeMigration(cluster, name, migration, { dryRun: true });
  const { from, to } = migration.retarget;
  const flag = cluster.namespaceFlag();
  await print(cli, output, {
    items: manifest ?? { metadata: { name } },
    columns: COLUMNS,
    name: () => spoken(to),
    words: () => `${spoken(from)} migrated to ${spoken(to)}${dryRunMark(dryRun)}`,
  });
  if (dryRun !== "none") return;
  const back = `kubectl cloneset migrate --from deployment/${name}${flag} --back`;
  tell(
    direction === "toCloneSet"
      ? [`Next: kubectl cloneset get ${name}${flag}`, `The way back: ${back}`]
      : [`Next: kubectl rollout status deployment/${name}${flag}`],
  );
}

/** @returns undefined if there is nothing to do */
async function begin(
  cli: Cli,
  { name, direction }: Asked,
  given: { pair: Pair; before: Deployment | undefined; skipControllerCheck: boolean },
): Promise<Ready | undefined> {
  const { deployment, cloneSet } = given.pair;
  const isThere = direction === "toCloneSet";
  if (isThere && deployment) return await readyForCloneSet(cli, deployment, given);
  if (!isThere && cloneSet) return await readyForDeployment(cli, cloneSet, given);
  const [from, to, other] = isThere ? ["Deployment", "CloneSet", cloneSet] : ["CloneSet", "Deployment", deployment];
  if (other !== undefined) {
    cli.say(`${spoken({ kind: to, name })} unchanged: there is no ${from} of this name`);
    return undefined;
  }
  const { namespace } = await cli.cluster();
  throw new Failure(`there is no ${spoken({ kind: from, name })} in ${namespace}`, {
    next: `kubectl get ${from.toLowerCase()}s -n ${namespace}`,
  });
}

function underWay({ name, direction }: Asked): Failure {
  const other = direction === "toCloneSet" ? " --back" : "";
  return new Failure("a migration the other way was stopped before its end", {
    next: `kubectl cloneset migrate --from deployment/${name}${other} brings it to its end`,
  });
}
