import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplate, PodTemplateSpec } from "../../../src/api/kubernetes.ts";
import { recognise } from "../../../src/revision/recognise.ts";
import { aRevision } from "./a-revision.ts";

const template: PodTemplate = {
  metadata: { labels: { app: "web" }, annotations: { team: "a" } },
  spec: {
    containers: [
      {
        name: "app",
        image: "app:v1",
        resources: { limits: { cpu: "1000m" } },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "tmp", emptyDir: {} }],
  },
};
const token = {
  name: "kube-api-access-x7k2p",
  readOnly: true,
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
};
const usual = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
}));

/** The pod as a server stores it: defaults, a token, tolerations, a node. */
const asStored: PodTemplate = {
  metadata: { labels: { app: "web", "pod-template-hash": "7d9f8c" }, annotations: { team: "a", "cni/ip": "10.0.0.7" } },
  spec: {
    volumes: [
      { name: "tmp", emptyDir: {} },
      { name: token.name, projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: "token" } }] } },
    ],
    containers: [
      {
        name: "app",
        image: "app:v1",
        resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, token],
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        imagePullPolicy: "IfNotPresent",
      },
    ],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    serviceAccount: "default",
    nodeName: "n1",
    securityContext: {},
    imagePullSecrets: [{ name: "from-the-service-account" }],
    schedulerName: "default-scheduler",
    tolerations: usual,
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
  },
};
const spec = (more: Partial<PodTemplateSpec>): PodTemplate => ({ ...asStored, spec: { ...asStored.spec, ...more } });
const [app] = asStored.spec.containers;
assert.ok(app);

const made = aRevision("web-aaa", template);
const cases: { name: string; pod: PodTemplate; of?: PodTemplate; is: boolean }[] = [
  { name: "the template as a server stores it", pod: asStored, is: true },
  { name: "the template as it was written", pod: template, is: true },
  { name: "another image", pod: spec({ containers: [{ ...app, image: "app:v2" }] }), is: false },
  {
    name: "another amount of cpu",
    pod: spec({ containers: [{ ...app, resources: { limits: { cpu: "2" } } }] }),
    is: false,
  },
  { name: "an injected container", pod: spec({ containers: [app, { name: "mesh", image: "mesh:v1" }] }), is: false },
  { name: "a container for debugging", pod: spec({ ephemeralContainers: [{ name: "sh", image: "sh" }] }), is: true },
  {
    name: "our own readiness gate",
    pod: spec({ readinessGates: [{ conditionType: "InPlaceUpdateReady" }] }),
    is: true,
  },
  { name: "somebody's readiness gate", pod: spec({ readinessGates: [{ conditionType: "lb/ready" }] }), is: false },
  {
    name: "one toleration more",
    pod: spec({ tolerations: [...usual, { key: "gpu", operator: "Exists" }] }),
    is: false,
  },
  {
    name: "a service account of its own",
    pod: spec({ serviceAccountName: "robot", serviceAccount: "robot" }),
    is: false,
  },
  { name: "another volume", pod: spec({ volumes: [{ name: "tmp", hostPath: { path: "/tmp" } }] }), is: false },
  { name: "a label of the template that is missing", pod: { ...asStored, metadata: { labels: {} } }, is: false },
  {
    name: "an annotation of the template with another value",
    pod: { ...asStored, metadata: { labels: { app: "web" }, annotations: { team: "b" } } },
    is: false,
  },
  {
    name: "a template that says itself how long to tolerate a lost node",
    pod: asStored,
    of: { ...template, spec: { ...template.spec, tolerations: usual } },
    is: true,
  },
  {
    name: "a template that tolerates a lost node for longer",
    pod: asStored,
    of: {
      ...template,
      spec: { ...template.spec, tolerations: usual.map((one) => ({ ...one, tolerationSeconds: 900 })) },
    },
    is: false,
  },
];
for (const { name, pod, of, is } of cases) {
  test(`a pod is ${is ? "" : "not "}recognised by its spec: ${name}`, () => {
    const revision = of ? aRevision("web-aaa", of) : made;
    assert.equal(recognise(pod, [revision])?.name, is ? "web-aaa" : undefined);
  });
}

test("of several revisions that mean the same, a pod is of the newest", () => {
  const newer = aRevision(
    "web-bbb",
    { ...template, spec: { ...template.spec, restartPolicy: "Always" } },
    { revision: 2 },
  );
  assert.equal(recognise(asStored, [newer, made])?.name, "web-bbb");
});

test("of several revisions that fit, a pod is of the one that explains most of its annotations", () => {
  const bare = aRevision("web-bbb", { ...template, metadata: { labels: { app: "web" } } }, { revision: 2 });
  assert.equal(recognise(asStored, [bare, made])?.name, "web-aaa");
});

test("a revision whose data cannot be read is nobody's", () => {
  assert.equal(recognise(asStored, [{ ...made, template: undefined }]), undefined);
});
