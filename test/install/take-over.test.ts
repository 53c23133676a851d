// docs/taking-over.md, command by command: pods that others made are looked after, and none of them restarts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { aCloneSet, imageOf, setImage } from "../support/e2e/manifests.ts";
import { appContainer, type Meta, type Pod } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";
import { runProgram } from "./helm.ts";
import { install, prepareNamespace, uninstall } from "./release.ts";

const story = await Story.begin("take-over");
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clonesets.apps.kruise.io";
const CORE = `/api/v1/namespaces/${story.namespace}`;
const APPS = `/apis/apps/v1/namespaces/${story.namespace}`;

interface Owned {
  metadata: Meta;
}

interface Definition {
  metadata: Meta;
  spec: { versions: { name: string; served: boolean; storage: boolean }[] };
  status: { storedVersions: string[] };
}

await prepareNamespace(story.api);

test("the stage: CloneSets as OpenKruise 1.9 leaves them", async () => {
  await install();
  await story.apply(aCloneSet("web"), aCloneSet("stored", { replicas: 2, claims: true }));
  await story.settled("web", 3, "v1");
  await story.settled("stored", 2, "v1");
  await uninstall();

  // Two versions, of which v1beta1 is stored; the release is another one.
  const { spec } = await story.api.get<Definition>(CRD);
  const [alpha] = spec.versions;
  assert.ok(alpha);
  const versions = [
    { ...alpha, storage: false },
    { ...alpha, name: "v1beta1", storage: true },
  ];
  const annotations = { "meta.helm.sh/release-name": "kruise", "meta.helm.sh/release-namespace": "default" };
  await story.api.patch(CRD, { metadata: { annotations }, spec: { versions } });
  await story.eventually("v1beta1 to be served", () => story.run("get", "clonesets.v1beta1.apps.kruise.io"));
  await rewriteAll("v1beta1");
  assert.deepEqual((await story.api.get<Definition>(CRD)).status.storedVersions, ["v1alpha1", "v1beta1"]);

  // Owner references as 1.9 writes them.
  for (const path of [`${CORE}/pods`, `${CORE}/persistentvolumeclaims`, `${APPS}/controllerrevisions`]) {
    for (const { metadata } of (await story.api.get<{ items: Owned[] }>(path)).items) {
      const ownerReferences = metadata.ownerReferences?.map((each) => ({
        ...each,
        apiVersion: "apps.kruise.io/v1beta1",
      }));
      await story.api.patch(`${path}/${metadata.name}`, { metadata: { ownerReferences } });
    }
  }
});

test("--observe-only: nothing would change beside the version in owner references", async () => {
  const { code, stdout, stderr } = await observeOnly();
  assert.equal(code, 0, stdout + stderr);
  const references = (await owners()).length;
  assert.ok(references >= 5 + 2 + 2, `${references} owner references`);
  assert.equal(
    stdout.trim(),
    `2 CloneSets with 5 pods; 0 changes in 0 CloneSets, beside the version in ${references} owner references`,
  );
  assert.deepEqual([...new Set(await owners())], ["apps.kruise.io/v1beta1"], "it wrote nothing");
});

test("--observe-only: an edit would, and says so", async () => {
  await story.run("scale", "clone", "web", "--replicas=2");
  const { code, stdout } = await observeOnly();
  await story.run("scale", "clone", "web", "--replicas=3");
  assert.equal(code, 3, stdout);
  assert.match(stdout, new RegExp(`^${story.namespace}/web: delete pod web-\\w+ \\(scaleDown\\)`));
});

test("a store of 1.9: our definition is refused, until v1alpha1 is stored again", async () => {
  const ours = fileURLToPath(new URL("../../crds/cloneset.yaml", import.meta.url));
  const early = await story.kubectl(["apply", "--server-side", "--force-conflicts", "-f", ours]);
  assert.notEqual(early.code, 0);
  assert.match(early.stderr, /storedVersions/);

  const patch = [
    { op: "test", path: "/spec/versions/0/name", value: "v1alpha1" },
    { op: "replace", path: "/spec/versions/1/storage", value: false },
    { op: "replace", path: "/spec/versions/0/storage", value: true },
  ];
  await story.run("patch", "crd", "clonesets.apps.kruise.io", "--type=json", "--patch", JSON.stringify(patch));
  await rewriteAll("v1alpha1");
  const stored = JSON.stringify({ status: { storedVersions: ["v1alpha1"] } });
  await story.run(
    "patch",
    "crd",
    "clonesets.apps.kruise.io",
    "--subresource=status",
    "--type=merge",
    "--patch",
    stored,
  );
});

test("helm install takes over: the same pods in the same containers, and owner references that are served", async () => {
  const before = await lives();
  await assert.rejects(install(), /cannot be imported into the current release|invalid ownership metadata/);
  await install({ takeOwnership: true });
  await story.eventually("owner references of a version that is served", async () => {
    assert.deepEqual([...new Set(await owners())], ["apps.kruise.io/v1alpha1"]);
  });
  await story.settled("web", 3, "v1");
  assert.deepEqual((await story.api.get<Definition>(CRD)).spec.versions.length, 1);
  assert.deepEqual(await lives(), before);

  // kubectl remembers that v1beta1 was served; this makes it look again.
  await story.run("api-resources", "--api-group=apps.kruise.io");
  // And they are looked after: in place, under the same ids, with the same claims.
  await story.patchJson("stored", setImage("v2"));
  const updated = await story.settled("stored", 2, "v2");
  assert.deepEqual(
    updated.map(({ metadata }) => metadata.uid).toSorted(),
    Object.keys(before["stored"] ?? {}).toSorted(),
  );
});

test("from a Deployment: its pods are adopted as they are", async () => {
  const { spec } = aCloneSet("moved") as { spec: { replicas: number; selector: object; template: object } };
  const { replicas, selector, template } = spec;
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "moved" } };
  await story.apply({ ...deployment, spec: { replicas, selector, template } });
  await story.run("rollout", "status", "deployment/moved", "--timeout=180s");
  const before = await lives(["moved"]);

  await story.run("delete", "deployment", "moved", "--cascade=orphan");
  await story.run("delete", "replicaset", "--selector=app=moved", "--cascade=orphan");
  await story.apply(aCloneSet("moved"));
  const adopted = await story.settled("moved", 3, "v1");
  assert.deepEqual(await lives(["moved"]), before);
  for (const { metadata } of adopted) assert.equal(metadata.ownerReferences?.[0]?.kind, "CloneSet");

  // An image is patched into them, although they have no gate.
  await story.patchJson("moved", setImage("v2"));
  const updated = await story.settled("moved", 3, "v2");
  assert.deepEqual(
    updated.map(({ metadata }) => metadata.uid).toSorted(),
    Object.keys(before["moved"] ?? {}).toSorted(),
  );
  assert.ok(updated.every((pod) => appContainer(pod)?.image.endsWith(imageOf("v2"))));
});

test("the stage is left as it was found", async () => {
  await story.run("delete", "clone", "--all", "--wait=true");
  await uninstall();
});

/** Reads all CloneSets in a version and writes them as they are, which stores them in the version of the day. */
async function rewriteAll(version: string): Promise<void> {
  await story.eventually("every CloneSet to be rewritten", async () => {
    const all = await story.run("get", `clonesets.${version}.apps.kruise.io`, "--output=json");
    const { code, stderr } = await story.kubectl(["replace", "--filename=-"], all);
    assert.equal(code, 0, stderr);
  });
}

function observeOnly() {
  const args = [MAIN, "--observe-only", `--namespace=${story.namespace}`, `--kubeconfig=${story.setting.kubeconfig}`];
  return runProgram(process.execPath, args);
}

/** The version in each owner reference to a CloneSet. */
async function owners(): Promise<string[]> {
  const paths = [`${CORE}/pods`, `${CORE}/persistentvolumeclaims`, `${APPS}/controllerrevisions`];
  const lists = await Promise.all(paths.map((path) => story.api.get<{ items: Owned[] }>(path)));
  const references = lists.flatMap(({ items }) => items).flatMap(({ metadata }) => metadata.ownerReferences ?? []);
  return references.filter(({ kind }) => kind === "CloneSet").map(({ apiVersion }) => apiVersion);
}

/** What would change if a pod were replaced or restarted: uid → its container's id. */
async function lives(names = ["web", "stored"]): Promise<Record<string, Record<string, string | undefined>>> {
  const entries = names.map(async (name) => {
    const pods: Pod[] = await story.allPods(name);
    return [name, Object.fromEntries(pods.map((pod) => [pod.metadata.uid, appContainer(pod)?.containerID]))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
