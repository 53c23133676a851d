// What Git holds stays as Git holds it: after a sync, a scale-in by name, a promotion and an autoscaler's change, no way of
// comparing that GitOps tools have finds a difference.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, imageOf, type Json } from "../support/e2e/manifests.ts";
import { Story } from "../support/e2e/story.ts";
import { serverSideDiff, threeWayDiff } from "../support/gitops-compare.ts";

const story = await Story.begin("gitops-drift");

const MANAGER = "argocd-controller";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Spelled as people spell: amounts of every form, members that say nothing. What others set is left to them. */
function inGit(name: string, version: string): Json {
  const resources = { requests: { cpu: "10m", memory: "0.0078125Gi" }, limits: { cpu: 1, memory: "128Mi" } };
  const manifest = aCloneSet(name, {
    version,
    env: { EMPTY: "", NUMBER: "1" },
    container: { resources, command: [], securityContext: {} },
    annotations: { "example.com/note": "" },
  });
  const spec = manifest["spec"] as Json;
  delete spec["replicas"];
  const metadata = { name, namespace: story.namespace, annotations: { "example.com/owner": "" } };
  return { ...manifest, metadata };
}

const kubectl = async (manifest: Json, ...args: string[]): Promise<void> => {
  const { code, stdout, stderr } = await story.kubectl([...args, "-f", "-"], JSON.stringify(manifest));
  assert.equal(code, 0, `kubectl ${args.join(" ")} finds a difference:\n${stdout}${stderr}`);
};

/** Every comparison there is; `how` is the way in which the manifest was applied. Nobody wrote to the object meanwhile. */
async function inSync(name: string, git: Json, how: "client" | "server"): Promise<void> {
  const versionNow = async () => (await story.cloneSet(name)).metadata.resourceVersion;
  for (;;) {
    const before = await versionNow();
    const failure = await compare(name, git, how).then(
      () => undefined,
      (error: Error) => error,
    );
    // Otherwise the controller wrote its status in the middle, and two moments were compared.
    if (before !== (await versionNow())) continue;
    if (failure) throw failure;
    return;
  }
}

async function compare(name: string, git: Json, how: "client" | "server"): Promise<void> {
  const live = (await story.cloneSet(name)) as unknown as Json;
  const serverArgs = ["--server-side", `--field-manager=${MANAGER}`];
  await kubectl(git, "diff", ...(how === "server" ? serverArgs : []));
  if (how === "client") {
    const { annotations } = live["metadata"] as { annotations: Record<string, string> };
    const lastApplied = JSON.parse(annotations[LAST_APPLIED] ?? "{}") as Json;
    assert.deepEqual(threeWayDiff({ git, lastApplied, live }), [], "Argo CD's three-way comparison");
  }
  const dryRun = await story.kubectl(
    ["apply", ...serverArgs, "--force-conflicts", "--dry-run=server", "-o", "json", "-f", "-"],
    JSON.stringify(git),
  );
  assert.equal(dryRun.code, 0, dryRun.stderr);
  const predicted = JSON.parse(dryRun.stdout) as Json;
  assert.deepEqual(serverSideDiff({ predicted, live }), [], "Argo CD's comparison by the server");
}

for (const how of ["client", "server"] as const) {
  test(`no drift with ${how}-side apply`, async (t) => {
    const name = `${how}-side`;
    let git = inGit(name, "v1");
    const sync = () =>
      how === "client" ? kubectl(git, "apply") : kubectl(git, "apply", "--server-side", `--field-manager=${MANAGER}`);

    await sync();
    await story.run("scale", "clone", name, "--replicas=3");
    await story.settled(name, 3);
    await t.test("after the first sync, and a change of replicas by the scale subresource", () =>
      inSync(name, git, how),
    );

    const [chosen] = await story.pods(name);
    assert.ok(chosen);
    await story.patchSpec(name, { replicas: 2, scaleStrategy: { podsToDelete: [chosen.metadata.name] } });
    await story.settled(name, 2);
    await t.test("after a scale-in by pod name", () => inSync(name, git, how));

    await story.patchSpec(name, { updateStrategy: { partition: 1 } });
    git = inGit(name, "v2");
    await sync();
    await story.eventually("the partition to be reached", async () => {
      const { status } = await story.cloneSet(name);
      assert.deepEqual([status.updatedAvailableReplicas, status.availableReplicas], [1, 2]);
    });
    await t.test("after a sync of a new image, held by a partition", () => inSync(name, git, how));

    await story.patchSpec(name, { updateStrategy: { partition: 0 } });
    const pods = await story.settled(name, 2, "v2");
    assert.deepEqual(
      pods.map(({ spec }) => spec.containers[0]?.image),
      [imageOf("v2"), imageOf("v2")],
    );
    await t.test("after the promotion", () => inSync(name, git, how));

    const before = (await story.cloneSet(name)).metadata.generation;
    await sync();
    await t.test("and another sync changes nothing", async () => {
      assert.equal((await story.cloneSet(name)).metadata.generation, before);
      await inSync(name, git, how);
    });
  });
}
