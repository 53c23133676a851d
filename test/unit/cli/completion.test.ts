import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { Io } from "../../../src/cli/cli.ts";
import { Cli } from "../../../src/cli/cli.ts";
import type { Question } from "../../../src/cli/completion/question.ts";
import { questionOf } from "../../../src/cli/completion/question.ts";
import { scripts } from "../../../src/cli/completion/scripts.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { CONTROLLER_REVISIONS, PODS } from "../../../src/kube/resources.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { pluginBinary, startPlugin } from "../../support/plugin.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const program = createProgram(
  new Cli(
    { stdout: {}, stderr: {} } as Io,
    () => ({}),
    () => Promise.resolve({ text: "", exitCode: 0 }),
  ),
);

const cases: [line: string, want: Partial<Question>][] = [
  ["status ", { what: "cloneset", partial: "" }],
  ["status web ", { what: "" }],
  ["-n shop status we", { what: "cloneset", partial: "we", connection: { namespace: "shop" } }],
  ["-nshop status we", { what: "cloneset", connection: { namespace: "shop" } }],
  ["status --namespace=sh", { what: "namespace", partial: "sh", before: "--namespace=" }],
  ["status web --context ", { what: "context", operands: ["web"] }],
  ["scale-in web --pods a,b", { what: "pod", partial: "b", before: "a,", operands: ["web"] }],
  ["scale-in web --pods=a,b", { what: "pod", partial: "b", before: "--pods=a," }],
  ["set image web ap", { what: "container=image", partial: "ap", operands: ["web"] }],
  ["set image web app=v2 si", { what: "container=image", partial: "si" }],
  ["lint -f ", { what: "file" }],
  ["status -w web -o ", { what: "format" }],
  ["exec web -- l", { what: "", words: [] }],
  ["history web --diff ", { what: "revision" }],
];
for (const [line, want] of cases) {
  test(`completion: "${line}" asks for ${want.what || "nothing of the cluster"}`, () => {
    const question = questionOf(program, line.split(" "));
    for (const [name, value] of Object.entries(want)) assert.deepEqual(question[name as keyof Question], value, name);
  });
}

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
  const web = await plugin.store(CLONE_SETS, wireCloneSet());
  await plugin.store(CLONE_SETS, wireCloneSet({ name: "worker" }));
  const { uid = "" } = web.metadata;
  const owner = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid, controller: true };
  const metadata = { namespace: "default", labels: { app: "web" }, ownerReferences: [owner] };
  const spec = { containers: [{ name: "nginx", image: "nginx:1" }] };
  for (const name of ["web-abcde", "web-fghij"]) {
    await plugin.store(PODS, { metadata: { ...metadata, name }, spec } as never);
  }
  await plugin.store(PODS, { metadata: { name: "web-alone", namespace: "default" }, spec } as never);
  for (const revision of [1, 2]) {
    await plugin.store(CONTROLLER_REVISIONS, { metadata: { ...metadata, name: `web-${revision}` }, revision } as never);
  }
});
after(() => plugin.close());

test("completion: the binary answers with words of the cluster, and stays silent when there is none", async (t) => {
  const text = await plugin.transcript(
    ...["p", "set ", "status ", "status wo", "why web-", "scale-in web --pods web-abcde,"].map((line) =>
      complete(line),
    ),
    ...["undo web --to-revision ", "set image web ", "logs web -c ", "status --namespace=kube-s"].map((line) =>
      complete(line),
    ),
    ...["status --context ", "status web -o ", "list --sort ", "status --wa", "plan -f ", "exec web -- l"].map((line) =>
      complete(line),
    ),
    "__complete -- --server http://127.0.0.1:1 status ''",
    "completion csh",
  );
  assertGolden(t, "cli/completion.txt", text);
});

/** `''` stands for the empty word that is being begun. */
function complete(line: string): string {
  return `__complete -- ${line.endsWith(" ") ? `${line}''` : line}`;
}

describe("completion: what shells do with it", () => {
  const run = (command: string, args: string[]) => {
    const bin = plugin.folder;
    const env = {
      ...process.env,
      PATH: `${bin}:${dirname(process.execPath)}:${process.env["PATH"]}`,
      KUBECONFIG: plugin.kubeconfig,
      HOME: bin,
    };
    // Not the synchronous form: the sandbox answers from this process.
    return promisify(execFile)(command, args, { env });
  };
  before(async () => symlinkSync(await pluginBinary(), join(plugin.folder, "kubectl-cloneset")));
  const absent = (shell: string) =>
    spawnSync(shell, ["-c", "true"]).error === undefined ? false : `${shell} is not installed`;

  test("kubectl", async () => {
    const script = join(plugin.folder, "kubectl_complete-cloneset");
    writeFileSync(script, (await plugin.run("completion kubectl")).stdout, { mode: 0o755 });
    assert.equal((await run(script, ["status", "we"])).stdout, "web\n:4\n");
  });

  test("bash", async () => {
    const typed = `${scripts.bash}
      COMP_WORDS=(kubectl-cloneset status w) COMP_CWORD=2
      _kubectl_cloneset
      echo "\${COMPREPLY[@]}"`;
    assert.equal((await run("bash", ["-c", typed])).stdout, "web worker\n");
  });

  test("zsh", { skip: absent("zsh") }, async () => {
    // In place of its line editor, which wants a terminal: what would be offered is printed.
    const typed = `compdef() { }
      _describe() { if (( \${#\${(P)2}} )); then print -rl -- "\${(@P)2}"; fi }
      _files() { print files }
      ${scripts.zsh}
      for line in "status w" "pau" "plan -f "; do
        words=(kubectl-cloneset "\${(@s: :)line}") CURRENT=\${#words}
        _kubectl_cloneset
      done`;
    const { stdout } = await run("zsh", ["-f", "-c", typed]);
    assert.equal(stdout, "web\nworker\npause:hold a rollout where it is\nfiles\n");
  });

  test("fish", { skip: absent("fish") }, async () => {
    const typed = `${scripts.fish}
      complete -C 'kubectl-cloneset status w'
      complete -C 'kubectl-cloneset pau'
      cd $HOME; touch one.yaml; complete -C 'kubectl-cloneset plan -f one'`;
    const { stdout } = await run("fish", ["--no-config", "-c", typed]);
    assert.equal(stdout, "web\nworker\npause\thold a rollout where it is\none.yaml\n");
  });
});
