import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject, PodTemplate } from "../../../src/api/kubernetes.ts";
import { alignedForms, sameMeaning } from "../../../src/revision/equal.ts";
import { templateOf } from "../../../src/revision/snapshot.ts";
import { golden } from "./golden.ts";

interface GoldenRevision {
  name: string;
  template: PodTemplate;
  bytes: string;
}

/** A template with one container, with more members in the spec or in the container. */
function aTemplate({
  spec = {},
  container = {},
  metadata = {},
}: {
  spec?: object;
  container?: object;
  metadata?: object;
} = {}): PodTemplate {
  return {
    metadata: { labels: { app: "web" }, ...metadata },
    spec: { containers: [{ name: "main", image: "i:1", ...container }], ...spec },
  };
}

const volume = (members: object): object => ({ volumes: [{ name: "v", ...members }] });
const env = (source: object): object => ({ env: [{ name: "A", valueFrom: source }] });

const equalPairs: [name: string, a: PodTemplate, b: PodTemplate][] = [
  [
    "order of members",
    aTemplate(),
    { spec: { containers: [{ image: "i:1", name: "main" }] }, metadata: { labels: { app: "web" } } },
  ],
  [
    "quantities",
    aTemplate({ container: { resources: { limits: { cpu: "1000m", memory: "1Gi" } } } }),
    aTemplate({ container: { resources: { limits: { cpu: 1, memory: "1024Mi" } } } }),
  ],
  [
    "nulls",
    aTemplate(),
    aTemplate({
      metadata: { annotations: null, creationTimestamp: null },
      spec: { tolerations: null, securityContext: null },
      container: { env: null, livenessProbe: null },
    }),
  ],
  [
    "empty values",
    aTemplate(),
    aTemplate({
      metadata: { annotations: {}, finalizers: [] },
      spec: { volumes: [], nodeSelector: {}, hostname: "", hostNetwork: false },
      container: { args: [], resources: {}, workingDir: "" },
    }),
  ],
  ["Go's leftovers", aTemplate(), aTemplate({ metadata: { creationTimestamp: null }, container: { resources: {} } })],
  ["null metadata", { metadata: null, spec: aTemplate().spec }, { spec: aTemplate().spec }],
  [
    "an env variable with an empty value",
    aTemplate({ container: { env: [{ name: "A" }] } }),
    aTemplate({ container: { env: [{ name: "A", value: "" }] } }),
  ],
  [
    "what the webhook of the original adds",
    aTemplate(),
    aTemplate({
      spec: {
        dnsPolicy: "ClusterFirst",
        restartPolicy: "Always",
        securityContext: {},
        terminationGracePeriodSeconds: 30,
        schedulerName: "default-scheduler",
      },
      container: {
        imagePullPolicy: "Always",
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    }),
  ],
  ["pull policy IfNotPresent on one side", aTemplate(), aTemplate({ container: { imagePullPolicy: "IfNotPresent" } })],
  [
    "a pull policy of an init container",
    aTemplate({ spec: { initContainers: [{ name: "i", image: "i" }] } }),
    aTemplate({ spec: { initContainers: [{ name: "i", image: "i", imagePullPolicy: "Always" }] } }),
  ],
  [
    "a pull policy of an image volume",
    aTemplate({ spec: volume({ image: { reference: "r" } }) }),
    aTemplate({ spec: volume({ image: { reference: "r", pullPolicy: "Always" } }) }),
  ],
  [
    "port protocol",
    aTemplate({ container: { ports: [{ containerPort: 80 }] } }),
    aTemplate({ container: { ports: [{ containerPort: 80, protocol: "TCP", hostPort: 0 }] } }),
  ],
  [
    "host ports in the host's network",
    aTemplate({ spec: { hostNetwork: true }, container: { ports: [{ containerPort: 80 }] } }),
    aTemplate({ spec: { hostNetwork: true }, container: { ports: [{ containerPort: 80, hostPort: 80 }] } }),
  ],
  [
    "probes",
    aTemplate({ container: { livenessProbe: { httpGet: { port: 80 } } } }),
    aTemplate({
      container: {
        livenessProbe: {
          httpGet: { port: 80, path: "/", scheme: "HTTP" },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
    }),
  ],
  [
    "field references",
    aTemplate({ container: env({ fieldRef: { fieldPath: "status.podIP" } }) }),
    aTemplate({ container: env({ fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } }) }),
  ],
  [
    "divisors",
    aTemplate({ container: env({ resourceFieldRef: { resource: "limits.cpu" } }) }),
    aTemplate({ container: env({ resourceFieldRef: { resource: "limits.cpu", divisor: "0" } }) }),
  ],
  ["volumes without a source", aTemplate({ spec: volume({}) }), aTemplate({ spec: volume({ emptyDir: {} }) })],
  [
    "volume modes",
    aTemplate({ spec: volume({ configMap: { name: "c" } }) }),
    aTemplate({ spec: volume({ configMap: { name: "c", defaultMode: 420 } }) }),
  ],
  [
    "host path types",
    aTemplate({ spec: volume({ hostPath: { path: "/x" } }) }),
    aTemplate({ spec: volume({ hostPath: { path: "/x", type: "" } }) }),
  ],
  [
    "requests that limits imply",
    aTemplate({ container: { resources: { limits: { cpu: 1 } } } }),
    aTemplate({ container: { resources: { limits: { cpu: 1 }, requests: { cpu: "1000m" } } } }),
  ],
  [
    "amounts finer than a milli-unit",
    aTemplate({ container: { resources: { requests: { cpu: "0.1m" } } } }),
    aTemplate({ container: { resources: { requests: { cpu: "1m" } } } }),
  ],
  [
    "the old name of the service account",
    aTemplate({ spec: { serviceAccountName: "sa" } }),
    aTemplate({ spec: { serviceAccountName: "sa", serviceAccount: "sa" } }),
  ],
  [
    "the old name alone",
    aTemplate({ spec: { serviceAccountName: "sa" } }),
    aTemplate({ spec: { serviceAccount: "sa" } }),
  ],
  [
    "the default service account",
    aTemplate(),
    aTemplate({ spec: { serviceAccountName: "default", serviceAccount: "default" } }),
  ],
  [
    "tolerations",
    aTemplate({ spec: { tolerations: [{ key: "k", value: "v" }] } }),
    aTemplate({ spec: { tolerations: [{ key: "k", value: "v", operator: "Equal" }] } }),
  ],
  [
    "resize policies that restart nothing",
    aTemplate(),
    aTemplate({ container: { resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] } }),
  ],
  ["service links", aTemplate(), aTemplate({ spec: { enableServiceLinks: true } })],
  ["members of metadata that reach no pod", aTemplate(), aTemplate({ metadata: { name: "n", uid: "u" } })],
  ["a newer field that is null", aTemplate(), aTemplate({ spec: { newer: null } })],
];

for (const [name, a, b] of equalPairs) {
  test(`the same by meaning: ${name}`, () => {
    assert.ok(sameMeaning(a, b));
    assert.ok(sameMeaning(b, a));
    const forms = alignedForms(a, b);
    assert.deepEqual(forms.a, forms.b);
  });
}

const differentPairs: [name: string, a: PodTemplate, b: PodTemplate][] = [
  ["image", aTemplate(), aTemplate({ container: { image: "i:2" } })],
  ["label value", aTemplate(), aTemplate({ metadata: { labels: { app: "db" } } })],
  ["annotation added", aTemplate(), aTemplate({ metadata: { annotations: { a: "" } } })],
  ["finalizer added", aTemplate(), aTemplate({ metadata: { finalizers: ["x/y"] } })],
  [
    "pull policies that are both given",
    aTemplate({ container: { imagePullPolicy: "Always" } }),
    aTemplate({ container: { imagePullPolicy: "IfNotPresent" } }),
  ],
  ["pull policy Never", aTemplate(), aTemplate({ container: { imagePullPolicy: "Never" } })],
  ["grace period zero", aTemplate(), aTemplate({ spec: { terminationGracePeriodSeconds: 0 } })],
  ["runAsUser zero", aTemplate(), aTemplate({ container: { securityContext: { runAsUser: 0 } } })],
  [
    "runAsNonRoot false, which overrides the pod's",
    aTemplate(),
    aTemplate({ container: { securityContext: { runAsNonRoot: false } } }),
  ],
  ["token mounting off", aTemplate(), aTemplate({ spec: { automountServiceAccountToken: false } })],
  ["service links off", aTemplate(), aTemplate({ spec: { enableServiceLinks: false } })],
  [
    "a volume that is not an emptyDir",
    aTemplate({ spec: volume({}) }),
    aTemplate({ spec: volume({ emptyDir: { medium: "Memory" } }) }),
  ],
  [
    "a label selector that selects all, and one that selects none",
    aTemplate({
      spec: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }] },
    }),
    aTemplate({
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule", labelSelector: {} },
        ],
      },
    }),
  ],
  [
    "order of containers",
    { spec: { containers: [{ name: "a" }, { name: "b" }] } },
    { spec: { containers: [{ name: "b" }, { name: "a" }] } },
  ],
  [
    "order of arguments",
    aTemplate({ container: { args: ["a", "b"] } }),
    aTemplate({ container: { args: ["b", "a"] } }),
  ],
  [
    "memory by one byte",
    aTemplate({ container: { resources: { limits: { memory: "9007199254740993" } } } }),
    aTemplate({ container: { resources: { limits: { memory: "9007199254740992" } } } }),
  ],
  [
    "requests below the limits",
    aTemplate({ container: { resources: { limits: { cpu: 1 } } } }),
    aTemplate({ container: { resources: { limits: { cpu: 1 }, requests: { cpu: "500m" } } } }),
  ],
  ["a newer field", aTemplate(), aTemplate({ spec: { newer: {} } })],
  ["two values of a newer field", aTemplate({ container: { newer: [1] } }), aTemplate({ container: { newer: [2] } })],
  ["a newer field with an odd name", aTemplate({ spec: JSON.parse('{"__proto__":{"a":1}}') as object }), aTemplate()],
];

for (const [name, a, b] of differentPairs) {
  test(`not the same by meaning: ${name}`, () => {
    assert.ok(!sameMeaning(a, b));
    assert.ok(!sameMeaning(b, a));
  });
}

const revisions = golden<GoldenRevision>("revisions.json");

test("what Go makes of a template means the same as the template", () => {
  for (const { name, template, bytes } of revisions) {
    const stored = templateOf(JSON.parse(bytes) as JsonObject);
    if (stored) assert.ok(sameMeaning(template, stored) && sameMeaning(stored, template), name);
  }
});

test("the templates of the golden file differ by meaning just as far as their bytes do, and alike both ways", () => {
  const anyRevision = fc.nat(revisions.length - 1).map((i) => revisions[i] as GoldenRevision);
  fc.assert(
    fc.property(anyRevision, anyRevision, (a, b) => {
      assert.ok(sameMeaning(a.template, structuredClone(a.template)), a.name);
      assert.equal(sameMeaning(a.template, b.template), sameMeaning(b.template, a.template), `${a.name}, ${b.name}`);
      if (a.bytes === b.bytes) assert.ok(sameMeaning(a.template, b.template), `${a.name}, ${b.name}`);
    }),
  );
});

test("no template is changed by a comparison", () => {
  for (const { template } of revisions) {
    const before = structuredClone(template);
    sameMeaning(template, revisions[0]?.template as PodTemplate);
    assert.deepEqual(template, before);
  }
});
