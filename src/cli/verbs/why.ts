import { Argument, Command } from "@commander-js/extra-typings";
import { GROUP } from "../../api/constants.ts";
import { isNotFound } from "../../kube/errors.ts";
import { PODS } from "../../kube/resources.ts";
import type { Cli } from "../cli.ts";
import type { Cluster } from "../cluster.ts";
import { Failure } from "../failure.ts";
import { cloneSetName } from "../names.ts";
import { outputOption, print } from "../output.ts";
import type { Seen } from "../seen.ts";
import { readSeen } from "../seen.ts";
import { treeOf } from "../tree/tree.ts";
import { gather } from "../why/evidence.ts";
import type { Explanation } from "../why/explanation.ts";
import { explainCloneSet, explainPod, inTrouble } from "../why/explanation.ts";

const COLUMNS = [
  { title: "CLONESET", of: ({ cloneSet }: Explanation) => cloneSet },
  { title: "POD", of: ({ pod }: Explanation) => pod },
  { title: "STATE", of: ({ state }: Explanation) => state },
  { title: "NEXT", of: ({ next }: Explanation) => next },
  { title: "TEXT", of: ({ text }: Explanation) => text, wide: true },
];

/** `why`: one paragraph about what it waits for, since when, and what to do. */
export const why = (cli: Cli) =>
  new Command("why")
    .summary("say what a CloneSet or a pod waits for, and what to do")
    .description(
      "Says in one paragraph how a CloneSet, or one of its pods, is and why: from conditions, events, volumes, quotas and " +
        "PodDisruptionBudgets. A name that a CloneSet and a pod share means the CloneSet; pod/NAME means the pod.",
    )
    .addArgument(new Argument("<cloneset-or-pod>", "name of either"))
    .addOption(outputOption())
    .action(async (text, { output }) => {
      const cluster = await cli.cluster();
      const { seen, pod } = await asked(cluster, text);
      const nowMs = cli.io.clock.nowMs();
      const worst = inTrouble(treeOf(seen, nowMs)).map(({ name }) => name);
      const evidence = await gather(cluster, seen, pod === undefined ? worst : [pod]);
      const told = { nowMs, flag: cluster.namespaceFlag() };
      const explanation = pod === undefined ? explainCloneSet(evidence, told) : explainPod(pod, evidence, told);
      await print(cli, output, {
        items: explanation,
        columns: COLUMNS,
        name: (one) => (one.pod === "" ? `cloneset.${GROUP}/${one.cloneSet}` : `pod/${one.pod}`),
        words: () => explanation.text,
      });
      if (explanation.next !== "" && output === undefined) cli.note(`Next: ${explanation.next}`);
    });

/** What the name means. */
async function asked(cluster: Cluster, text: string): Promise<{ seen: Seen; pod: string | undefined }> {
  const pod = /^(pods?|po)\/(.*)$/.exec(text)?.[2];
  if (pod !== undefined) return await ofPod(cluster, pod);
  const name = cloneSetName(text);
  try {
    return { seen: await readSeen(cluster, name), pod: undefined };
  } catch (error) {
    if (!isNotFound(error) || name !== text) throw error;
    // No CloneSet of this name: perhaps a pod has it; if not, the first answer is the right one.
    return await ofPod(cluster, name).catch((second: unknown) => {
      throw isNotFound(second) ? error : second;
    });
  }
}

async function ofPod(cluster: Cluster, name: string): Promise<{ seen: Seen; pod: string }> {
  const { namespace } = cluster;
  const { metadata } = await cluster.client.get(PODS, { namespace, name }, cluster.limits);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner?.kind !== "CloneSet" || !owner.apiVersion.startsWith(`${GROUP}/`)) {
    const whose = owner === undefined ? "nobody" : `${owner.kind} ${owner.name}`;
    throw new Failure(`pod ${name} belongs to ${whose}, not to a CloneSet`, { next: `kubectl describe pod ${name}` });
  }
  return { seen: await readSeen(cluster, owner.name), pod: name };
}
