import { createInterface } from "node:readline/promises";
import { Option } from "@commander-js/extra-typings";
import { isInvalid } from "../kube/errors.ts";
import type { Cli } from "./cli.ts";
import { cloneSetColumns } from "./clone-set-columns.ts";
import type { CloneSetObject, Cluster } from "./cluster.ts";
import type { DryRun } from "./dry-run.ts";
import { dryRunMark } from "./dry-run.ts";
import type { Edit, Operation } from "./edit.ts";
import { Failure } from "./failure.ts";
import { fullName } from "./names.ts";
import type { Format } from "./output.ts";
import { print } from "./output.ts";

/** How a verb that writes was asked to do it. */
export interface Manner {
  dryRun: DryRun;
  output: Format | undefined;
  /** Given -y. */
  yes?: boolean | undefined;
}

/** What a verb that writes is about to do, in words. */
export interface Deed {
  /** After the name of the CloneSet: "paused". */
  done: string;
  /** Said before anything is sent: what it will come to. */
  forecast?: readonly string[];
  /** What is lost for good: asked about on a terminal. */
  loses?: string | undefined;
  /** Said afterwards: what to know, and what to do next. */
  notes?: readonly string[];
}

/** `-y`, for every verb that may lose something. */
export function yesOption() {
  return new Option("-y, --yes", "do not ask");
}

/**
 * Sends an edit, prints the CloneSet as it is then, and shows the kubectl command that would have done the same.
 * Nothing to do is not an error: the same command twice must not break a script.
 */
export async function carryOut(cli: Cli, edit: Edit, deed: Deed, manner: Manner): Promise<CloneSetObject> {
  const cluster = await cli.cluster();
  const { dryRun, output } = manner;
  const tell = (lines: readonly string[] = []) => {
    if (output === undefined) for (const line of lines) cli.note(line);
  };
  if (edit.isEmpty) {
    await printCloneSet(cli, edit.before, `${fullName(edit.before)} unchanged`, output);
    return edit.before;
  }
  tell(deed.forecast);
  if (deed.loses !== undefined && dryRun === "none" && !manner.yes) await confirm(cli, deed.loses);
  const after = dryRun === "client" ? edit.after : await send(cluster, edit, dryRun);
  await printCloneSet(cli, after, `${fullName(after)} ${deed.done}${dryRunMark(dryRun)}`, output);
  tell([...(deed.notes ?? []), `Same as: ${asKubectl(edit, cluster.namespaceFlag())}`]);
  return after;
}

/** Asks on a terminal; where nobody can answer, the command itself is the answer. */
export async function confirm({ io }: Cli, loss: string): Promise<void> {
  if (!io.stdin.isTTY || !io.stderr.isTTY) return;
  const lines = createInterface({ input: io.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${loss} Go on? [y/N] `, { signal: io.interrupted }).catch(() => {
      // Ctrl-C and Ctrl-D leave the cursor behind the question.
      io.stderr.write("\n");
      return "";
    });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure("not confirmed, nothing was changed");
  } finally {
    lines.close();
  }
}

async function send(cluster: Cluster, edit: Edit, dryRun: DryRun): Promise<CloneSetObject> {
  const { name } = edit.before.metadata;
  try {
    return await cluster.patchCloneSet(name, edit.patch, { type: "json", dryRun: dryRun === "server" });
  } catch (error) {
    if (isInvalid(error) && /testing (path|value) \/metadata\//.test(error.serverMessage)) {
      throw new Failure(`${fullName(edit.before)} was edited by somebody else meanwhile, nothing was changed`, {
        next: "look again, then repeat the command",
      });
    }
    throw error;
  }
}

async function printCloneSet(cli: Cli, cloneSet: CloneSetObject, words: string, output: Format | undefined) {
  await print(cli, output, {
    items: cloneSet,
    columns: cloneSetColumns(cli.io.clock.nowMs()),
    name: fullName,
    words: () => words,
  });
}

const VALUE_MAX = 300;

/** A whole template would bury the command. */
function asKubectl({ before, steps }: Edit, namespaceFlag: string): string {
  const short = steps.map((step): Operation => {
    if (JSON.stringify(step.value ?? null).length <= VALUE_MAX) return step;
    return { ...step, value: "…" };
  });
  const patch = JSON.stringify(short).replaceAll("'", `'\\''`);
  return `kubectl patch cloneset ${before.metadata.name}${namespaceFlag} --type=json -p '${patch}'`;
}
