import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const half = { updatedReplicas: 3, updatedReadyReplicas: 3, updatedAvailableReplicas: 3 };

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
  await plugin.store(CLONE_SETS, wireCloneSet());
  await plugin.store(
    CLONE_SETS,
    wireCloneSet({ name: "staged", spec: { updateStrategy: { partition: 2 } }, status: half }),
  );
  await plugin.store(CLONE_SETS, wireCloneSet({ name: "moving", status: half }));
});
after(() => plugin.close());

test("status: words, exit codes and every format", async (t) => {
  const text = await plugin.transcript(
    "status web",
    "status clone/staged",
    "status moving -n default",
    "-n default status moving -o table",
    "status staged -o wide",
    "status staged -o json",
    "status staged -o yaml",
    "status staged -o name",
    `status staged -o 'jsonpath={.state}{"\\n"}'`,
  );
  assertGolden(t, "cli/status.txt", text);
});

test("list: what needs somebody comes first", async (t) => {
  const text = await plugin.transcript(
    "list",
    "list -A -o wide",
    "list --problems",
    "list --sort name -o name",
    "list -n nowhere",
    `list --sort progress -o 'jsonpath={range .items[*]}{.name} {.state}{"\\n"}{end}'`,
  );
  // Stored before any test of this process ran: minutes ago, on a slow machine.
  const aged = text.replaceAll(/\b\d+[smh](\d+[sm])? +/g, "0s   ").replaceAll(/\bAGE +/g, "AGE   ");
  assertGolden(t, "cli/list.txt", aged);
});

test("get: a tree of what is there", async (t) => {
  const text = await plugin.transcript("get staged", "get staged -o name", "get nowhere", "get web -w -o json");
  assertGolden(t, "cli/get.txt", text);
});

test("pause and resume: a dry run changes nothing, and twice is an error", async (t) => {
  const text = await plugin.transcript(
    "pause moving --dry-run",
    "pause moving",
    "pause moving",
    "resume moving -o name",
    "resume moving",
  );
  assertGolden(t, "cli/pause.txt", text);
});

test("errors: in kubectl's words, with the next step", async (t) => {
  writeFileSync(join(plugin.folder, "no.yaml"), "a: [");
  writeFileSync(join(plugin.folder, "empty.yaml"), "kind: Config\n");
  const text = await plugin.transcript(
    "status nowhere",
    "status",
    "status web --frobnicate",
    "status web -o csv",
    "stauts web",
    "status web --context nowhere",
    "status web --kubeconfig /nowhere",
    `status web --kubeconfig ${plugin.folder}`,
    `status web --kubeconfig ${join(plugin.folder, "no.yaml")}`,
    `status web --kubeconfig ${join(plugin.folder, "empty.yaml")}`,
    "status web --server http://127.0.0.1:1",
    "status web --as-group admins",
    "abort moving",
  );
  assertGolden(t, "cli/errors.txt", text);
});
