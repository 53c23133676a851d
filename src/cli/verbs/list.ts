import { Command, Option } from "@commander-js/extra-typings";
import { GROUP } from "../../api/constants.ts";
import { timeMs } from "../../api/kubernetes.ts";
import { age } from "../age.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import type { Rollout, RolloutState } from "../rollout.ts";
import { rolloutOf, withoutCounts } from "../rollout.ts";
import { relativeTimes } from "../tree/relative-times.ts";

/** A CloneSet in the list; with -o json this is an item. */
interface Listed extends Omit<Rollout, "kind"> {
  kind: "CloneSetSummary";
  createdMs: number;
}

/** What needs somebody comes first. */
const URGENCY: Record<RolloutState, number> = { failed: 0, progressing: 1, paused: 2, held: 3, done: 4 };

const SORTS = ["problems", "name", "age", "progress"] as const;

/** `list`: every CloneSet in one line. */
export const list = (cli: Cli) =>
  new Command("list")
    .summary("list CloneSets and where their rollouts stand")
    .description("Lists the CloneSets of the namespace, or with -A of all, those that need somebody first.")
    .addOption(new Option("--problems", "only those that failed, or where pods are missing or not available"))
    .addOption(new Option("--sort <by>", "problems, name, age or progress").choices(SORTS).default("problems" as const))
    .addOption(outputOption())
    .action(async ({ problems, sort, output }) => {
      const cluster = await cli.cluster();
      const nowMs = cli.io.clock.nowMs();
      const listed = (await cluster.cloneSets()).map(summaryOf);
      const items = sorted(problems ? listed.filter(isProblem) : listed, sort);
      await print(cli, output, {
        items,
        columns: columns(nowMs, cluster.listsAll),
        name: ({ name }) => `cloneset.${GROUP}/${name}`,
        empty: problems && listed.length > 0 ? "No problems found" : noneIn(cluster),
      });
    });

export function summaryOf(object: CloneSetObject): Listed {
  return { ...rolloutOf(object), kind: "CloneSetSummary", createdMs: timeMs(object.metadata.creationTimestamp) };
}

/** A rollout that failed, or less pods available than wanted, whatever the rollout does. */
export function isProblem({ state, available, desired }: Pick<Listed, "state" | "available" | "desired">): boolean {
  return state === "failed" || available < desired;
}

export function sorted(items: readonly Listed[], by: (typeof SORTS)[number]): Listed[] {
  const name = (a: Listed, b: Listed) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);
  const share = ({ updatedAvailable, desired }: Listed) => (desired === 0 ? 1 : updatedAvailable / desired);
  const orders = {
    problems: (a: Listed, b: Listed) =>
      Number(isProblem(b)) - Number(isProblem(a)) || URGENCY[a.state] - URGENCY[b.state] || name(a, b),
    name,
    age: (a: Listed, b: Listed) => b.createdMs - a.createdMs || name(a, b),
    progress: (a: Listed, b: Listed) => share(a) - share(b) || name(a, b),
  };
  return items.toSorted(orders[by]);
}

function noneIn({ listsAll, namespace }: Cluster): string {
  return listsAll ? "No CloneSets found" : `No CloneSets found in the namespace ${namespace}; -A looks in all`;
}

function columns(nowMs: number, withNamespace: boolean): Column<Listed>[] {
  return [
    ...(withNamespace ? [{ title: "NAMESPACE", of: ({ namespace }: Listed) => namespace }] : []),
    { title: "NAME", of: ({ name }) => name },
    { title: "STATE", of: ({ state }) => state },
    { title: "UPDATED", of: ({ updatedAvailable, desired }) => `${updatedAvailable}/${desired}` },
    { title: "AVAILABLE", of: ({ available, desired }) => `${available}/${desired}` },
    { title: "PARTITION", of: ({ partition }) => partition },
    { title: "AGE", of: ({ createdMs }) => age(createdMs, nowMs) },
    { title: "REVISION", of: ({ updateRevision }) => updateRevision, wide: true },
    { title: "MESSAGE", of: ({ message }) => relativeTimes(withoutCounts(message) || message, nowMs), cut: true },
  ];
}
