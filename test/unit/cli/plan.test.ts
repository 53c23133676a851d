import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { KubeObject, Resource } from "../../../src/kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../../../src/kube/resources.ts";
import { assertGolden } from "../../support/golden.ts";
import { Lab } from "../../support/lab.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

const manifest = (image: string, level: string, more = "") => `apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata:
  name: web
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  updateStrategy: { type: InPlaceIfPossible, maxUnavailable: 1 }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: app
          image: ${image}
          env: [{ name: LEVEL, value: "${level}" }]
${more}`;

test("plan: a CloneSet that is not there yet, and manifests that are none", async (t) => {
  const file = join(plugin.folder, "web.yaml");
  writeFileSync(file, manifest("app:v1", "1"));
  const broken = join(plugin.folder, "broken.yaml");
  writeFileSync(broken, "kind: CloneSet\n---\nspec: [\n");
  const other = join(plugin.folder, "other.yaml");
  writeFileSync(other, "kind: Service\n");
  const text = await plugin.transcript(
    ...[
      `plan -f ${file} -o table`,
      `plan -f ${broken}`,
      `plan -f ${other}`,
      "plan -f /nowhere",
      "plan",
      `plan web -f ${file}`,
    ],
    ...["plan web"],
  );
  assertGolden(t, "cli/plan-bad-input.txt", text);
});

/** Four pods with a PVC each, as the controller made them in a cluster in memory. */
async function settle(name: string): Promise<void> {
  const lab = await Lab.start();
  lab.create(name, {
    replicas: 4,
    selector: { matchLabels: { app: name } },
    updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1 },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "app", image: "app:v1", env: [{ name: "LEVEL", value: "1" }] }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    ],
  });
  await lab.pass(60);
  const list = (path: string) => lab.send("GET", path)["items"] as KubeObject[];
  const inDefault = ({ metadata, ...more }: KubeObject, uid: string): KubeObject => {
    const { name: itsName, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
    const owners = ownerReferences.map((owner) => ({ ...owner, uid }));
    return { ...more, metadata: { name: itsName, namespace: "default", labels, annotations, ownerReferences: owners } };
  };
  const owner = await plugin.store(CLONE_SETS, inDefault(lab.cloneSet(name), ""));
  const kinds: [Resource, string][] = [
    [CONTROLLER_REVISIONS, "/apis/apps/v1/namespaces/shop/controllerrevisions"],
    [PERSISTENT_VOLUME_CLAIMS, "/api/v1/namespaces/shop/persistentvolumeclaims"],
    [PODS, "/api/v1/namespaces/shop/pods"],
  ];
  for (const [resource, path] of kinds) {
    for (const [index, object] of list(path).entries()) {
      const stored = inDefault(object, owner.metadata.uid ?? "");
      await plugin.store(resource, resource === PODS ? readyBefore(stored, index) : stored);
    }
  }
  await lab.stop();
}

/** Since when a pod is ready says which one moves first: nothing is left to the second in which it is stored here. */
function readyBefore(pod: KubeObject, seconds: number): KubeObject {
  const { status } = pod as { status?: { conditions?: object[] } };
  const lastTransitionTime = `2026-01-01T00:00:${59 - seconds}Z`;
  const conditions = status?.conditions?.map((condition) => ({ ...condition, lastTransitionTime }));
  return { ...pod, status: { ...status, conditions } } as KubeObject;
}

test("plan: in place, re-created, held, scaled in, by name, and what cannot be done", async (t) => {
  await settle("shop");
  const same = { image: "app:v1", level: "1", replicas: 4, type: "InPlaceIfPossible", partition: 0 };
  const files = {
    image: { ...same, image: "app:v2" },
    env: { ...same, level: "2" },
    held: { ...same, image: "app:v2", partition: 3 },
    fewer: { ...same, replicas: 2 },
    only: { ...same, level: "2", type: "InPlaceOnly" },
  };
  for (const [file, { image, level, replicas, type, partition }] of Object.entries(files)) {
    const text = `apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: { name: shop }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: shop } }
  updateStrategy: { type: ${type}, maxUnavailable: 1, partition: ${partition} }
  template:
    metadata: { labels: { app: shop } }
    spec: { containers: [{ name: app, image: "${image}", env: [{ name: LEVEL, value: "${level}" }] }] }
`;
    writeFileSync(join(plugin.folder, `${file}.yaml`), text);
  }
  const at = (file: string) => join(plugin.folder, `${file}.yaml`);
  const text = await plugin.transcript(
    "plan shop",
    ...["image", "env", "held", "fewer", "only"].map((file) => `plan -f ${at(file)}`),
    `plan -f ${at("image")} -o json`,
    `plan -f ${at("env")} -o table`,
  );
  // Which ids come next depends on the uid that the server gave.
  assertGolden(t, "cli/plan.txt", text.replaceAll(/create shop-\w{5}/g, "create shop-NEW"));
});
