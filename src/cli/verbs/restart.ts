import { Command, Option } from "@commander-js/extra-typings";
import type { CloneSet } from "../../api/cloneset.ts";
import { label } from "../../api/constants.ts";
import { fromV1alpha1 } from "../../api/convert.ts";
import { timestamp } from "../../api/kubernetes.ts";
import type { Pod } from "../../api/pod.ts";
import { isActive } from "../../api/pod.ts";
import { PODS } from "../../kube/resources.ts";
import type { Manner } from "../carry-out.ts";
import { carryOut, confirm, yesOption } from "../carry-out.ts";
import { causeOption, setCause } from "../change-cause.ts";
import type { Cli } from "../cli.ts";
import { dryRunMark, dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { foretold, heldBack } from "../forecast.ts";
import { otherSpelling } from "../image-spelling.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import { claimsOf, podMoves } from "../pod-moves.ts";
import { namedPods, podNames } from "../pod-names.ts";
import { countOf, listed } from "../pods-in-words.ts";
import type { Seen } from "../seen.ts";
import { readSeen } from "../seen.ts";
import { withEnv } from "../template-edits.ts";

const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";
/** A variable, because in-place types take a new annotation over without restarting anything. */
const RESTARTED_AT_ENV = "RESTARTED_AT";

/** `restart`: a rollout to the same template, or the replacement of some pods. */
export const restart = (cli: Cli) =>
  new Command("restart")
    .summary("restart all pods, or some")
    .description(
      "Rolls all pods over within the budget: they are re-created, and their PVCs with them. With --in-place: restarts " +
        "the containers and keeps pods and PVCs, by writing out the digest of the images they run. With --pods: replaces " +
        "these pods, within the budget, at the revision they would have.",
    )
    .addArgument(cloneSetArgument())
    .addOption(new Option("--in-place", "restart containers in their pods"))
    .addOption(new Option("--pods <pod,...>", "only these").argParser(podNames).conflicts(["inPlace", "changeCause"]))
    .addOption(causeOption())
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async (name, { inPlace, pods, changeCause, dryRun, yes, output }) => {
      const cluster = await cli.cluster();
      const seen = await readSeen(cluster, name);
      const manner = { dryRun: dryRunOf(dryRun), output, yes };
      if (pods !== undefined) {
        await replacePods(cli, seen, pods, manner);
        return;
      }
      const template = seen.object.spec?.template;
      if (template === undefined) throw new Failure(`${fullName(seen.object)} has no pod template`);
      const edit = new Edit(seen.object);
      const nowMs = cli.io.clock.nowMs();
      if (inPlace) {
        const images = otherImages(seen);
        images.forEach(({ index, image }) =>
          edit.set(["spec", "template", "spec", "containers", index, "image"], image),
        );
      } else {
        edit.set(["spec", "template", "metadata", "annotations", RESTARTED_AT], timestamp(nowMs));
        if (seen.cloneSet.spec.updateStrategy.type.startsWith("InPlace")) {
          const [first] = template.spec.containers;
          edit.turnInto(
            ["spec", "template", "spec"],
            withEnv(template, { [RESTARTED_AT_ENV]: timestamp(nowMs) }, first?.name).spec,
          );
        }
      }
      setCause(edit, changeCause ?? `kubectl cloneset restart ${name}${inPlace ? " --in-place" : ""}`);
      const after = fromV1alpha1(edit.after);
      const moves = podMoves(seen, after, { nowMs });
      const stuck = moves.find(({ move }) => move === "impossible");
      if (stuck !== undefined) {
        throw new Failure("the type InPlaceOnly re-creates no pods", {
          next: `kubectl cloneset restart ${name}${cluster.namespaceFlag()} --in-place`,
        });
      }
      const flag = cluster.namespaceFlag();
      await carryOut(
        cli,
        edit,
        {
          done: inPlace ? "restarting in place" : "restarting",
          ...foretold(moves, after),
          notes: [...heldBack(after, moves, flag), `Next: kubectl cloneset status ${name}${flag} --watch`],
        },
        manner,
      );
    });

/** The images of all containers in another spelling. @throws {Failure} where pods could not take that in place */
function otherImages({ object, cloneSet, pods }: Seen): { index: number; image: string }[] {
  mustBeInPlace(cloneSet, fullName(object));
  return cloneSet.spec.template.spec.containers.map(({ name, image = "" }, index) => {
    const ids = pods.filter(isActive).flatMap((pod) => {
      const status = pod.containerStatuses.find((container) => container.name === name);
      return pod.containers.some((container) => container.name === name && container.image === image) && status?.imageID
        ? [status.imageID]
        : [];
    });
    const other = otherSpelling(image, ids);
    if (other === undefined) {
      throw new Failure(`the digest of ${image} (container ${name}) is not known, or pods run different ones`, {
        next: "restart without --in-place, or restart --pods",
      });
    }
    return { index, image: other };
  });
}

function mustBeInPlace({ spec }: CloneSet, who: string): void {
  if (spec.updateStrategy.type.startsWith("InPlace")) return;
  throw new Failure(`${who} has the type ${spec.updateStrategy.type}: it changes nothing in place`, {
    next: "restart without --in-place",
  });
}

/** One pod that was asked to go; with -o json this is the document. */
interface PodRestart {
  kind: "PodRestart";
  namespace: string;
  pod: string;
  claimsLost: string[];
}

/** The controller's own label asks for it: it replaces the pod when the budget allows. */
async function replacePods(cli: Cli, seen: Seen, names: readonly string[], manner: Manner): Promise<void> {
  const { dryRun, output } = manner;
  const cluster = await cli.cluster();
  const pods = namedPods(seen, names);
  const restarts = pods.map(
    (pod): PodRestart => ({
      kind: "PodRestart",
      namespace: pod.namespace,
      pod: pod.name,
      claimsLost: claimsOf(pod, seen.claims),
    }),
  );
  const lost = restarts.flatMap(({ claimsLost }) => claimsLost);
  if (output === undefined && lost.length > 0) cli.note(`Their PVCs are deleted: ${listed(lost)}`);
  if (lost.length > 0 && dryRun === "none" && !manner.yes) await confirm(cli, `${listed(lost)} and the data go.`);
  if (dryRun !== "client") for (const pod of pods) await askToGo(cli, pod, dryRun === "server");
  const columns: Column<PodRestart>[] = [
    { title: "POD", of: ({ pod }) => pod },
    { title: "PVCS-LOST", of: ({ claimsLost }) => claimsLost.join(",") },
  ];
  await print(cli, output, {
    items: restarts,
    columns,
    name: ({ pod }) => `pod/${pod}`,
    words: () => `${countOf(pods.length)} of ${fullName(seen.object)} to be replaced${dryRunMark(dryRun)}`,
  });
  const listedNames = pods.map(({ name }) => name).join(" ");
  if (output === undefined)
    cli.note(`Same as: kubectl label pods${cluster.namespaceFlag()} ${listedNames} ${label.specifiedDelete}=true`);
}

async function askToGo(cli: Cli, { namespace, name, uid }: Pod, dryRun: boolean): Promise<void> {
  const cluster = await cli.cluster();
  // With the uid: a pod of the same name that came back is not meant.
  const patch = { metadata: { uid, labels: { [label.specifiedDelete]: "true" } } };
  await cluster.client.patch(PODS, { namespace, name }, patch, { type: "strategic", dryRun, ...cluster.limits });
}
