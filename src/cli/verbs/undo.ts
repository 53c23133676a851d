import { Command, Option } from "@commander-js/extra-typings";
import { fromV1alpha1 } from "../../api/convert.ts";
import { sameMeaning } from "../../revision/equal.ts";
import { carryOut, yesOption } from "../carry-out.ts";
import { causeOption, setCause } from "../change-cause.ts";
import type { Cli } from "../cli.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { foretold, heldBack } from "../forecast.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import { outputOption } from "../output.ts";
import { podMoves } from "../pod-moves.ts";
import { plainTemplate, previousRevision, revisionNumbered } from "../revisions.ts";
import { readSeen } from "../seen.ts";
import { revisionNumber } from "./history.ts";

/** `undo`: makes the template of an older revision the template again. */
export const undo = (cli: Cli) =>
  new Command("undo")
    .summary("go back to an older revision")
    .description(
      "Replaces the pod template by that of an older revision, whole: nothing added since stays behind. Without " +
        "--to-revision: the one before. Replicas, partition and claim templates stay as they are.",
    )
    .addArgument(cloneSetArgument())
    .addOption(
      new Option("--to-revision <revision>", "a number, as history lists them; 0 = the one before").argParser((text) =>
        text === "0" ? 0 : revisionNumber(text),
      ),
    )
    .addOption(causeOption())
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async (name, { toRevision = 0, changeCause, dryRun, yes, output }) => {
      const cluster = await cli.cluster();
      const seen = await readSeen(cluster, name);
      const now = seen.object.spec?.template;
      const flag = cluster.namespaceFlag();
      const target =
        toRevision === 0 ? previousRevision(seen.revisions, now) : revisionNumbered(seen.revisions, toRevision);
      if (target === undefined) {
        throw new Failure(`${fullName(seen.object)} has no older revision to go back to`, {
          next: `kubectl cloneset history ${name}${flag}`,
        });
      }
      const edit = new Edit(seen.object);
      if (!(now && sameMeaning(now, target.template))) {
        edit.set(["spec", "template"], plainTemplate(target.template));
        setCause(edit, changeCause ?? `kubectl cloneset undo ${name} --to-revision ${target.revision}`);
      }
      const after = fromV1alpha1(edit.after);
      const moves = podMoves(seen, after, { nowMs: cli.io.clock.nowMs() });
      await carryOut(
        cli,
        edit,
        {
          done: `rolled back to revision ${target.revision}`,
          ...foretold(moves, after),
          notes: [...heldBack(after, moves, flag), `Next: kubectl cloneset status ${name}${flag} --watch`],
        },
        { dryRun: dryRunOf(dryRun), output, yes },
      );
    });
