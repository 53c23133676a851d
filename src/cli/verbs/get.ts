import { Command, Option } from "@commander-js/extra-typings";
import { GROUP } from "../../api/constants.ts";
import { age } from "../age.ts";
import type { Cli } from "../cli.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument } from "../names.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import { readSeen, watchSeen } from "../seen.ts";
import { verbActions } from "../tree/actions.ts";
import { follow } from "../tree/follow.ts";
import { matches, treeLines } from "../tree/lines.ts";
import { LiveView } from "../tree/live.ts";
import { looksOf } from "../tree/looks.ts";
import type { PodRow } from "../tree/pod-row.ts";
import { rendered } from "../tree/style.ts";
import type { RevisionGroup, Tree } from "../tree/tree.ts";
import { treeOf } from "../tree/tree.ts";

type PodOfRevision = PodRow & Pick<RevisionGroup, "number">;

const columns = (nowMs: number): Column<PodOfRevision>[] => [
  { title: "POD", of: ({ name }) => name },
  { title: "REVISION", of: ({ number }) => number || "unknown" },
  { title: "STATE", of: ({ state }) => state },
  { title: "READY", of: ({ ready }) => ready },
  { title: "AGE", of: ({ createdMs }) => age(createdMs, nowMs) },
  { title: "NODE", of: ({ node }) => node },
  { title: "VOLUME", of: ({ volumes }) => volumes.join(","), wide: true },
  { title: "NOTE", of: ({ note }) => note, wide: true },
];

/** `get`: one CloneSet as a tree, once or live. */
export const get = (cli: Cli) =>
  new Command("get")
    .summary("show a CloneSet as a tree: rollout, revisions, pods")
    .description(
      "Shows what a CloneSet is doing: how far its rollout is, what changed and who changed it, what is held back, what it " +
        "waits for, and its pods by revision. With --watch the tree stays and follows; keys act on it. Where the output is " +
        "no terminal, --watch prints one line per change.",
    )
    .addArgument(cloneSetArgument())
    .addOption(new Option("-w, --watch", "stay, and show every change"))
    .addOption(new Option("--all", "show every pod; else revisions of more than 30 pods fold"))
    .addOption(new Option("--filter <text>", "only pods whose name, node, state or note contains it").default(""))
    .addOption(new Option("--ascii", "no characters beyond ASCII"))
    .addOption(new Option("--no-color", "no colours (as NO_COLOR does)"))
    .addOption(outputOption())
    .action(async (name, { watch, all = false, filter, ascii, color, output }) => {
      const { io } = cli;
      const cluster = await cli.cluster();
      const looks = looksOf(io, { ascii, color });
      const flag = cluster.namespaceFlag();
      if (!watch) {
        const nowMs = io.clock.nowMs();
        const tree = treeOf(await readSeen(cluster, name), nowMs);
        const lines = () => treeLines(tree, { ...looks, nowMs, all, filter, flag });
        if (output?.kind === "table" || output?.kind === "wide") {
          await print(cli, output, {
            items: podsOf(tree, filter),
            columns: columns(nowMs),
            name: (pod) => `pod/${pod.name}`,
            empty: "No pods found",
          });
        } else {
          await print(cli, output, {
            items: tree,
            columns: [],
            name: () => `cloneset.${GROUP}/${name}`,
            words: () =>
              lines()
                .map(({ line }) => rendered(line, looks))
                .join("\n"),
          });
        }
        return;
      }
      if (output !== undefined) {
        throw new Failure("--watch and -o do not go together", {
          exitCode: ExitCode.usage,
          next: "kubectl get clone -w -o json",
        });
      }
      const live = io.stdout.isTTY && io.stdin.isTTY;
      const view: { changed: () => void } = { changed: () => {} };
      const watching = await watchSeen(cluster, name, { clock: io.clock, onChange: () => view.changed() });
      try {
        if (!live) await follow(io, watching, view);
        else {
          const tree = new LiveView({ io, watching, looks, all, flag, actions: verbActions(cli.again, flag) });
          view.changed = () => tree.changed();
          await tree.run();
        }
      } finally {
        await watching.stop();
      }
    });

function podsOf({ revisions }: Tree, filter: string): PodOfRevision[] {
  return revisions.flatMap(({ number, pods }) =>
    pods.filter((pod) => matches(pod, filter)).map((pod) => ({ ...pod, number })),
  );
}
