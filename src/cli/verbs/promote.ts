import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { IntOrPercent } from "../../api/cloneset.ts";
import { fromV1alpha1 } from "../../api/convert.ts";
import { partition } from "../../plan/partition.ts";
import { carryOut, yesOption } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { foretold } from "../forecast.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import type { PodMove } from "../pod-moves.ts";
import { podMoves } from "../pod-moves.ts";
import { countOf } from "../pods-in-words.ts";
import { promotedPartition } from "../promotion.ts";
import { readSeen } from "../seen.ts";

/** `promote`: lets more pods move to the update revision, by lowering the partition. */
export const promote = (cli: Cli) =>
  new Command("promote")
    .summary("let a rollout go further")
    .description(
      "Lowers the partition, so that more pods move to the update revision. Without a goal: the next of 1 pod, 10%, " +
        "25%, 50% and all.",
    )
    .addArgument(cloneSetArgument())
    .addOption(
      new Option("--to <pods>", 'so many updated pods in the end: a number, or a share like "60%"')
        .argParser(podsOrShare)
        .conflicts(["next", "full"]),
    )
    .addOption(new Option("--next", "one step further (the default)").conflicts("full"))
    .addOption(new Option("--full", "all pods"))
    .addOption(new Option("--preview", "list what happens to each pod, and change nothing"))
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async (name, { to, full, preview, dryRun, yes, output }) => {
      const cluster = await cli.cluster();
      const seen = await readSeen(cluster, name);
      const { spec } = seen.cloneSet;
      if (spec.updateStrategy.type === "OnDelete") {
        throw new Failure(`${fullName(seen.object)} has the type OnDelete, which no partition holds`, {
          next: "delete the pods that are to change",
        });
      }
      const goal =
        to === undefined
          ? full
            ? { kind: "full" as const }
            : { kind: "next" as const }
          : { kind: "to" as const, updated: to };
      const wanted = promotedPartition(spec, goal);
      const edit = new Edit(seen.object);
      const kept = partition({ ...spec, updateStrategy: { ...spec.updateStrategy, partition: wanted } });
      if (kept < partition(spec) || goal.kind !== "next") edit.set(["spec", "updateStrategy", "partition"], wanted);
      const after = fromV1alpha1(edit.after);
      const moves = podMoves(seen, after, { nowMs: cli.io.clock.nowMs() });
      if (preview) {
        await print(cli, output, { items: moves, columns: COLUMNS, name: ({ pod }) => `pod/${pod}`, empty: "No pods" });
        return;
      }
      const flag = cluster.namespaceFlag();
      await carryOut(
        cli,
        edit,
        {
          done: `promoted: ${spec.replicas - kept} of ${countOf(spec.replicas)} to be updated`,
          ...foretold(moves, after),
          notes: [
            ...(spec.updateStrategy.paused
              ? [`Paused: nothing moves before kubectl cloneset resume ${name}${flag}`]
              : []),
            `Next: kubectl cloneset status ${name}${flag} --watch`,
          ],
        },
        { dryRun: dryRunOf(dryRun), output, yes },
      );
    });

const COLUMNS: Column<PodMove>[] = [
  { title: "POD", of: ({ pod }) => pod },
  { title: "MOVE", of: ({ move }) => move },
  { title: "PVCS-LOST", of: ({ claimsLost }) => claimsLost.join(",") },
  { title: "WHY", of: ({ why }) => why },
];

function podsOrShare(text: string): IntOrPercent {
  if (/^\d+$/.test(text)) return Number(text);
  if (/^\d+(\.\d{1,2})?%$/.test(text) && Number.parseFloat(text) <= 100) return text;
  throw new InvalidArgumentError('Want a number of pods, or a share like "60%".');
}
