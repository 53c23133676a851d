import { Command } from "@commander-js/extra-typings";
import { carryOut } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import { outputOption } from "../output.ts";
import { countOf } from "../pods-in-words.ts";
import { previousRevision } from "../revisions.ts";
import { rolloutOf } from "../rollout.ts";
import { readSeen } from "../seen.ts";

/** `abort`: no further pod moves; the template stays, and what moved stays moved. */
export const abort = (cli: Cli) =>
  new Command("abort")
    .summary("stop a rollout, and keep its template")
    .description(
      'Sets the partition back to "100%": no further pod moves to the update revision, and new pods get the old one. ' +
        "Pods that have moved stay as they are; undo takes them back.",
    )
    .addArgument(cloneSetArgument())
    .addOption(dryRunOption())
    .addOption(outputOption())
    .action(async (name, { dryRun, output }) => {
      const cluster = await cli.cluster();
      const seen = await readSeen(cluster, name);
      const flag = cluster.namespaceFlag();
      const rollout = rolloutOf(seen.object);
      const previous = previousRevision(seen.revisions, seen.object.spec?.template);
      const back = previous && `kubectl cloneset undo ${name}${flag} --to-revision ${previous.revision}`;
      if (rollout.state === "done") {
        throw new Failure(`nothing to abort: ${fullName(seen.object)} is rolled out`, {
          next: back && `${back} takes it back`,
        });
      }
      if (seen.cloneSet.spec.updateStrategy.type === "OnDelete") {
        throw new Failure(`${fullName(seen.object)} has the type OnDelete: no pod moves by itself`, { next: back });
      }
      if (back === undefined) {
        throw new Failure(`nothing to abort: ${fullName(seen.object)} has no older revision for its pods to stay on`, {
          next: `kubectl cloneset why ${name}${flag}`,
        });
      }
      const edit = new Edit(seen.object).set(["spec", "updateStrategy", "partition"], "100%");
      await carryOut(
        cli,
        edit,
        {
          done: "aborted",
          notes: [
            `${countOf(rollout.updated)} on the update revision; no further one moves there.`,
            `To take them back: ${back}, then kubectl cloneset promote ${name}${flag} --full`,
            `To go on: kubectl cloneset promote ${name}${flag}`,
          ],
        },
        { dryRun: dryRunOf(dryRun), output },
      );
    });
