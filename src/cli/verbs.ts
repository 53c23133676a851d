/**
 * Every verb of the plugin: one file each in `verbs/`, one line here.
 *
 * How to add one: copy `verbs/status.ts` (it reads) or `verbs/pause.ts` (it writes), and add it to the group below where
 * a user would look for it; `program.ts` gives it the connection flags, help and error handling. Then
 *
 * - ask the cluster through `cli.cluster()`; what is computed goes into pure functions of their own, tested as tables
 * - print objects with `print`, everything else with `cli.say`; hints go to `cli.note`, which is stderr
 * - throw `Failure` with the next step; set `cli.exitCode` only where the table in `exit-code.ts` asks for it
 * - call an argument or an option's value `<cloneset>`, `<pod>`, `<revision>`, `<container>`, `<context>` or
 *   `<namespace>`: completion goes by that word
 * - add a golden test: `test/unit/cli/verbs.test.ts` shows how
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Cli } from "./cli.ts";
import { abort } from "./verbs/abort.ts";
import { completion } from "./verbs/completion.ts";
import { convert } from "./verbs/convert.ts";
import { doctor } from "./verbs/doctor.ts";
import { exec } from "./verbs/exec.ts";
import { get } from "./verbs/get.ts";
import { history } from "./verbs/history.ts";
import { lint } from "./verbs/lint.ts";
import { list } from "./verbs/list.ts";
import { logs } from "./verbs/logs.ts";
import { migrate } from "./verbs/migrate.ts";
import { pause, resume } from "./verbs/pause.ts";
import { plan } from "./verbs/plan.ts";
import { portForward } from "./verbs/port-forward.ts";
import { promote } from "./verbs/promote.ts";
import { restart } from "./verbs/restart.ts";
import { scaleIn } from "./verbs/scale-in.ts";
import { set } from "./verbs/set.ts";
import { status } from "./verbs/status.ts";
import { undo } from "./verbs/undo.ts";
import { why } from "./verbs/why.ts";

type Verb = (cli: Cli) => CommandUnknownOpts;

/** By the heading they have in the help, in the order of the help. */
export const VERBS: Record<string, Verb[]> = {
  "See what is": [
    get, //
    list,
    status,
    why,
    plan,
    history,
  ],
  "Roll out": [
    set, //
    promote,
    pause,
    resume,
    abort,
    undo,
    restart,
  ],
  Scale: [
    scaleIn, //
  ],
  "Look inside": [
    logs, //
    exec,
    portForward,
  ],
  "Look after the installation": [
    doctor, //
    completion,
  ],
  "Write manifests": [
    lint, //
    convert,
  ],
  "Move from a Deployment": [
    migrate, //
  ],
};
