// What an administrator does to the installed chart, while users' pods run.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { containerdSocket } from "../cluster/node.ts";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { appContainer, isTrue, type Pod, statusOf, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";
import { runProgram } from "./helm.ts";
import { CONTROLLER, install, prepareNamespace, SYSTEM_NAMESPACE, uninstall, upgrade } from "./release.ts";

const story = await Story.begin("installed");
const RUNNING = ["web", "api", "stored"];
const system = `/api/v1/namespaces/${SYSTEM_NAMESPACE}`;

await prepareNamespace(story.api);

test("helm install: two replicas in a namespace that enforces the level restricted", async (t) => {
  const startedMs = Date.now();
  await install();
  t.diagnostic(`installed and ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  const pods = await controllers();
  assert.equal(pods.length, 2);
  assert.ok(pods.every(({ status }) => isTrue(status.conditions, "Ready")));
  await story.eventually("one of them to lead", async () => {
    const { holderIdentity } = await lease();
    assert.equal(pods.filter(({ metadata }) => holderIdentity.startsWith(`${metadata.name}_`)).length, 1);
  });
});

test("the API server reaches the webhook through its Service", async () => {
  for (const kind of ["mutating", "validating"]) {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${CONTROLLER}`;
    const { webhooks } = await story.api.get<{ webhooks: { clientConfig: ClientConfig }[] }>(path);
    for (const { clientConfig } of webhooks) {
      assert.equal(clientConfig.service?.name, "cloneset-webhook");
      assert.equal(clientConfig.url, undefined);
    }
  }
  // Only the webhook knows this rule: the schema takes any text as the name of a port.
  const manifest = aCloneSet("refused");
  const { spec } = (manifest as { spec: { template: { spec: { containers: object[] } } } }).spec.template;
  Object.assign(spec.containers[0] ?? {}, { ports: [{ name: "HTTP", containerPort: 80 }] });
  const { code, stderr } = await story.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(manifest));
  assert.notEqual(code, 0);
  assert.match(stderr, /ports\[0\]\.name/);
});

for (const directory of ["base", "overlays/without-webhook", "overlays/single-namespace"]) {
  test(`the API server takes every field of deploy/kustomize/${directory}`, async () => {
    if (directory === "overlays/single-namespace") await story.run("create", "namespace", "shop");
    const place = fileURLToPath(new URL(`../../deploy/kustomize/${directory}`, import.meta.url));
    const { kubectl, kubeconfig } = story.setting;
    const flags = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
    const args = ["apply", `--kubeconfig=${kubeconfig}`, `--kustomize=${place}`, ...flags];
    const { code, stdout, stderr } = await runProgram(kubectl, args);
    assert.equal(code, 0, stdout + stderr);
  });
}

test("three CloneSets run", async () => {
  await story.apply(
    aCloneSet("web", { replicas: 2 }),
    aCloneSet("api", { replicas: 2, updateStrategy: { type: "ReCreate", maxUnavailable: 1 } }),
    aCloneSet("stored", { replicas: 2, claims: true }),
  );
  for (const name of RUNNING) await story.settled(name, 2, "v1");
});

test("the leader is killed during a rollout: another one ends it, on the same pods", async (t) => {
  await story.apply(aCloneSet("moving", { replicas: 4 }));
  const before = await story.settled("moving", 4, "v1");
  const watch = await story.watchPods("moving", 3);
  await story.patchJson("moving", setImage("v2"));
  await story.eventually("the rollout to be under way", async () => {
    const moved = (await story.pods("moving")).filter((pod) => versionOf(pod) === "v2");
    assert.ok(moved.length > 0);
  });
  const leader = (await lease()).holderIdentity;
  const killedMs = Date.now();
  await crash(leader.split("_")[0] ?? "");
  // Mostly the other pod; the killed one's container starts again, and may be the quicker one once the lease has run out.
  await story.eventually("another leader", async () => {
    const { holderIdentity } = await lease();
    assert.ok(holderIdentity !== "" && holderIdentity !== leader);
  });
  t.diagnostic(`another one led ${((Date.now() - killedMs) / 1000).toFixed(1)} s later`);
  const after = await story.settled("moving", 4, "v2");
  await watch.end();
  assert.deepEqual(after.map(uidOf), before.map(uidOf));
});

test("helm upgrade: new controllers, and no pod of a CloneSet restarts", async () => {
  const before = await lives();
  const old = (await controllers()).map(uidOf);
  await upgrade("controller.logLevel=debug", "podAnnotations.changed=yes");
  await story.eventually("new controllers only", async () => {
    const pods = await controllers();
    assert.equal(pods.length, 2);
    assert.deepEqual(
      pods.filter((pod) => old.includes(uidOf(pod))),
      [],
    );
  });
  await story.run("scale", "clone", "web", "--replicas=3");
  await story.settled("web", 3);
  await story.run("scale", "clone", "web", "--replicas=2");
  await story.settled("web", 2);
  assert.deepEqual(await lives(["api", "stored"]), pick(before, ["api", "stored"]));
});

test("helm uninstall leaves the pods; after another install the same ones are looked after", async () => {
  const before = await lives();
  await uninstall();
  await controllersGone();
  await story.remains("every pod as it was", async () => assert.deepEqual(await lives(), before));
  assert.equal((await story.cloneSet("web")).metadata.deletionTimestamp, undefined);

  await install();
  await story.patchSpec("web", { minReadySeconds: 1 });
  await story.settled("web", 2);
  assert.deepEqual(await lives(), before);
  await story.patchJson("stored", setImage("v2"));
  const updated = await story.settled("stored", 2, "v2");
  assert.deepEqual(updated.map(uidOf).toSorted(), Object.keys(before["stored"] ?? {}).toSorted());
});

test("one namespace with Roles alone: it is ready, and looks after that namespace", async () => {
  const before = await lives();
  await uninstall();
  const roles = ["rbac.userRoles=false", "priorityClass.create=false", "priorityClass.name=", "crds.enabled=false"];
  await install({ values: [`watchNamespace=${story.namespace}`, "webhook.enabled=false", ...roles] });
  const { stdout } = await story.kubectl([
    "get",
    "clusterroles",
    "--selector=app.kubernetes.io/name=cloneset-controller",
  ]);
  assert.equal(stdout, "");
  await story.run("scale", "clone", "web", "--replicas=3");
  await story.settled("web", 3);
  await story.run("scale", "clone", "web", "--replicas=2");
  await story.settled("web", 2);
  assert.deepEqual(await lives(["api", "stored"]), pick(before, ["api", "stored"]));
  await uninstall();
  // Otherwise they would still ask, without a right to, while the next ones are there.
  await controllersGone();
  await install();
});

const users: { role: string; may: string[]; mayNot: string[] }[] = [
  { role: "view", may: ["list clonesets", "get clonesets/scale"], mayNot: ["patch clonesets", "delete clonesets"] },
  { role: "edit", may: ["create clonesets", "patch clonesets/scale"], mayNot: ["patch clonesets/status"] },
  { role: "admin", may: ["delete clonesets", "update clonesets/finalizers"], mayNot: ["patch clonesets/status"] },
];
for (const { role, may, mayNot } of users) {
  test(`a user with the cluster's role ${role} may ${may.join(", ")}, and not ${mayNot.join(", ")}`, async () => {
    const binding = ["create", "rolebinding", role, `--clusterrole=${role}`, `--user=${role}-user`];
    await story.run(...binding);
    await story.eventually("the role to have taken in ours", async () => {
      for (const right of may) assert.equal(await canI(role, right), "yes", right);
    });
    for (const right of mayNot) assert.equal(await canI(role, right), "no", right);
  });
}

interface ClientConfig {
  url?: string;
  service?: { name: string };
}

async function canI(role: string, right: string): Promise<string> {
  const [verb = "", resource = ""] = right.split(" ");
  const subresource = resource.split("/")[1] ?? "";
  const args = ["auth", "can-i", verb, "clonesets.apps.kruise.io", `--subresource=${subresource}`, `--as=${role}-user`];
  const { stdout } = await story.kubectl(args);
  return stdout.trim();
}

async function controllers(): Promise<Pod[]> {
  return (await allControllers()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function allControllers(): Promise<Pod[]> {
  const selector = `labelSelector=app.kubernetes.io%2Fname%3D${CONTROLLER}`;
  return (await story.api.get<{ items: Pod[] }>(`${system}/pods?${selector}`)).items;
}

/** Their processes, too. */
function controllersGone(): Promise<void> {
  return story.eventually("the controllers to be gone", async () => assert.deepEqual(await allControllers(), []));
}

/** Without a chance to give the lease back. */
async function crash(name: string): Promise<void> {
  const pod = await story.api.get<Pod>(`${system}/pods/${name}`);
  const container = statusOf(pod, "controller")?.containerID?.replace("containerd://", "") ?? "";
  const address = containerdSocket(dirname(story.setting.kubeconfig));
  const kill = ["--address", address, "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container];
  const { code, stderr } = await runProgram("ctr", kill);
  assert.equal(code, 0, stderr);
}

async function lease(): Promise<{ holderIdentity: string }> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM_NAMESPACE}/leases/${CONTROLLER}`;
  return (await story.api.get<{ spec: { holderIdentity: string } }>(path)).spec;
}

/** What would change if a pod were replaced, moved or restarted: uid → its container's id. */
async function lives(names = RUNNING): Promise<Record<string, Record<string, string | undefined>>> {
  const entries = names.map(async (name) => {
    const pods = await story.allPods(name);
    return [name, Object.fromEntries(pods.map((pod) => [uidOf(pod), appContainer(pod)?.containerID]))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function pick<T>(record: Record<string, T>, keys: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)));
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid;
}
