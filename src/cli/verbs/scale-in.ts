import { Command, Option } from "@commander-js/extra-typings";
import { isActive } from "../../api/pod.ts";
import { isAvailable } from "../../plan/availability.ts";
import { otherHands } from "../autoscalers.ts";
import { carryOut, yesOption } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import { disruptionRoom } from "../disruption-room.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import { outputOption } from "../output.ts";
import { claimsOf } from "../pod-moves.ts";
import { namedPods, podNames } from "../pod-names.ts";
import { countOf, listed } from "../pods-in-words.ts";
import { readSeen } from "../seen.ts";

/** `scale-in`: fewer replicas, and these pods are the ones that go. */
export const scaleIn = (cli: Cli) =>
  new Command("scale-in")
    .summary("remove pods by name")
    .description(
      "Names the pods in podsToDelete and lowers replicas by their number, in one patch. Names there that are finished " +
        "are dropped. With --keep-replicas the pods are replaced instead.",
    )
    .addArgument(cloneSetArgument())
    .addOption(new Option("--pods <pod,...>", "the pods that go").argParser(podNames).makeOptionMandatory())
    .addOption(new Option("--keep-replicas", "leave replicas as it is: others take their place"))
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async (name, { pods: names, keepReplicas, dryRun, yes, output }) => {
      const cluster = await cli.cluster();
      const seen = await readSeen(cluster, name);
      const { object, cloneSet } = seen;
      const listedBefore = (object.spec?.scaleStrategy?.podsToDelete ?? []).map((listedName) => listedName.trim());
      const living = new Set(seen.pods.filter(isActive).map((pod) => pod.name));
      const leaving = namedPods(seen, names);
      const gone = leaving.filter((pod) => !isActive(pod));
      if (gone.length > 0) {
        throw new Failure(`${listed(gone.map((pod) => pod.name))}: on the way out already`, {
          next: `kubectl get pods${cluster.namespaceFlag()} ${gone.map((pod) => pod.name).join(" ")}`,
        });
      }
      const fresh = leaving.filter((pod) => !listedBefore.includes(pod.name));
      const stillWanted = listedBefore.filter((listedName) => living.has(listedName));
      const finished = listedBefore.filter((listedName) => !living.has(listedName));
      const replicas = keepReplicas ? cloneSet.spec.replicas : cloneSet.spec.replicas - fresh.length;
      if (replicas < 0) {
        throw new Failure(`${fresh.length} pods cannot go: replicas is ${cloneSet.spec.replicas}`, {
          next: "with --keep-replicas they are replaced",
        });
      }
      const edit = new Edit(object);
      if (fresh.length > 0) {
        edit.set(["spec", "replicas"], replicas);
        const list = [...new Set([...stillWanted, ...fresh.map((pod) => pod.name)])];
        edit.set(["spec", "scaleStrategy", "podsToDelete"], list);
      }
      const claims = fresh.flatMap((pod) => claimsOf(pod, seen.claims));
      const nowMs = cli.io.clock.nowMs();
      const available = fresh.filter((pod) => isAvailable(pod, cloneSet.spec.minReadySeconds, nowMs));
      const flag = cluster.namespaceFlag();
      await carryOut(
        cli,
        edit,
        {
          done: `scaled in by ${countOf(fresh.length)}${keepReplicas ? ", to be replaced" : `, to ${replicas} replicas`}`,
          forecast: [
            `Goes: ${listed(fresh.map((pod) => pod.name))} (${available.length} available now)`,
            ...(claims.length > 0 ? [`PVCs deleted with them: ${listed(claims)}`] : []),
            ...(finished.length > 0 ? [`Dropped from podsToDelete, because gone: ${listed(finished)}`] : []),
            ...(await disruptionRoom(cluster, fresh, available.length)),
            ...(keepReplicas ? [] : await otherHands(cluster, name, replicas)),
          ],
          loses:
            claims.length > 0
              ? `${countOf(fresh.length)} and the data of ${listed(claims)} go.`
              : `${countOf(fresh.length)} of ${fullName(object)} to be deleted.`,
          notes: [`Next: kubectl cloneset status ${name}${flag} --watch`],
        },
        { dryRun: dryRunOf(dryRun), output, yes },
      );
    });
