// Others change pods as they are created: a mesh puts its container before ours, a registry mirror writes other images.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { aCloneSet, imageOf, type Json, setImage } from "../support/e2e/manifests.ts";
import { appContainer, identityOf, imageIn, type Pod, statusOf } from "../support/e2e/objects.ts";
import { courseOf } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("injected");
const SIDECAR = "local/sidecar:v1";
const skip = await story.lacks("/apis/admissionregistration.k8s.io/v1", "mutatingadmissionpolicies");

test("a sidecar before our container: a new image reaches ours, by its name, and the sidecar runs on", {
  skip,
}, async () => {
  await atCreation("meshed", {
    op: "add",
    path: "/spec/containers/0",
    value: `Object.spec.containers{name: "proxy", image: "${SIDECAR}"}`,
  });
  await story.apply(aCloneSet("meshed"));
  const before = await story.settled("meshed", 3, "v1");
  for (const pod of before) assert.deepEqual(namesIn(pod), ["proxy", "app"], "injected before ours");
  const watch = await story.watchPods("meshed", 2);

  await story.patchJson("meshed", setImage("v2"));
  const updated = await story.settled("meshed", 3, "v2");
  assert.deepEqual(updated.map(identityOf), before.map(identityOf));
  await watch.catchUp();
  for (const pod of before) {
    const images = (each: Pod) => `${imageIn(each, "proxy")}, ${imageIn(each, "app")}`;
    const course = [`${SIDECAR}, ${imageOf("v1")}`, `${SIDECAR}, ${imageOf("v2")}`];
    assert.deepEqual(courseOf(watch.history(), pod, images), course);
  }
  for (const [index, pod] of updated.entries()) {
    assert.equal(appContainer(pod)?.restartCount, 1);
    assert.equal(statusOf(pod, "proxy")?.containerID, before[index] && statusOf(before[index], "proxy")?.containerID);
  }

  // The sidecar's owner updates it in one pod; the next rollout of ours does not set it back.
  const [first] = updated;
  assert.ok(first);
  await story.run("set", "image", `pod/${first.metadata.name}`, "proxy=local/sidecar:v2");
  await story.eventually("the sidecar to run at v2", async () => {
    assert.equal(statusOf((await story.pod(first.metadata.name)) ?? first, "proxy")?.restartCount, 1);
  });
  await story.patchJson("meshed", setImage("v3"));
  const after3 = await story.settled("meshed", 3, "v3");
  await watch.end();
  assert.deepEqual(after3.map(identityOf), before.map(identityOf));
  const sidecars = after3.map((pod) => imageIn(pod, "proxy"));
  assert.deepEqual(sidecars, ["local/sidecar:v2", SIDECAR, SIDECAR]);
});

test("images written anew at creation: pods are patched all the same, and an event names both images", {
  skip,
}, async () => {
  await atCreation("mirrored", {
    op: "replace",
    path: "/spec/containers/0/image",
    value: `"${imageOf("v1-retag")}"`,
  });
  await story.apply(aCloneSet("mirrored", { replicas: 2 }));
  const before = await story.settled("mirrored", 2, "v1-retag");
  await story.remains("the pods as they are: nobody takes the other image for an update that is due", async () => {
    assert.deepEqual((await story.settled("mirrored", 2, "v1-retag")).map(identityOf), before.map(identityOf));
  });
  await story.patchJson("mirrored", setImage("v2"));
  const updated = await story.settled("mirrored", 2, "v2");
  assert.deepEqual(updated.map(identityOf), before.map(identityOf));
  await story.eventually("a warning for each pod", async () => {
    const warnings = (await story.events("mirrored")).filter(({ reason }) => reason === "ImageDiffersFromRevision");
    for (const { metadata } of updated) {
      const warning = warnings.find(({ message }) => message.includes(metadata.name));
      assert.equal(warning?.type, "Warning");
      assert.ok(warning.message.includes(imageOf("v1-retag")) && warning.message.endsWith(imageOf("v1")));
    }
  });
});

/** Has the API server itself change each new pod with the label `app: APP`; returns once it does so. */
async function atCreation(app: string, { op, path, value }: { op: string; path: string; value: string }) {
  const name = `${story.namespace}-${app}`;
  const policies = "admissionregistration.k8s.io/v1";
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": story.namespace } };
  const resourceRules = [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] }];
  after(() => story.run("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name));
  await story.apply(
    {
      apiVersion: policies,
      kind: "MutatingAdmissionPolicy",
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        reinvocationPolicy: "Never",
        matchConstraints: { namespaceSelector, objectSelector: { matchLabels: { app } }, resourceRules },
        mutations: [
          {
            patchType: "JSONPatch",
            jsonPatch: { expression: `[JSONPatch{op: "${op}", path: "${path}", value: ${value}}]` },
          },
        ],
      },
    },
    { apiVersion: policies, kind: "MutatingAdmissionPolicyBinding", metadata: { name }, spec: { policyName: name } },
  );
  await story.eventually("the API server to know the policy", async () => {
    const containers = [{ name: "app", image: imageOf("v1") }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "trial", labels: { app } }, spec: { containers } };
    const { stdout } = await story.kubectl(["create", "--dry-run=server", "-o=json", "-f", "-"], JSON.stringify(pod));
    const answer = JSON.parse(stdout) as { spec: { containers: Json[] } };
    assert.notEqual(answer.spec.containers[0]?.["image"], imageOf("v1"));
  });
}

function namesIn({ spec: { containers } }: Pod): string[] {
  return containers.map(({ name }) => name);
}
