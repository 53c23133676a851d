import assert from "node:assert/strict";
import { test } from "node:test";
import type { Features } from "../../../src/api/features.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import type { PodLookup, PodNote } from "../../../webhook/lookup.ts";
import { inTime } from "../../../webhook/lookup.ts";
import { warningsOf } from "../../../webhook/warnings.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { noPods } from "./reviews.ts";

type Members = { [name: string]: unknown };
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

interface Case {
  name: string;
  before?: object;
  after: object;
  pods?: PodLookup;
  features?: Partial<Features>;
  want: string[];
}

function set(spec: Members = {}, metadata: Members = {}): object {
  return {
    metadata: { name: "web", namespace: "shop", uid: "uid-web", ...metadata },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template(), ...spec },
  };
}

function template(container: Members = {}, metadata: Members = {}): object {
  return {
    metadata: { labels: { app: "web" }, ...metadata },
    spec: { containers: [{ name: "app", image: "app:1", ...container }] },
  };
}

const CLAIMS = [
  { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
];
const strategy = (updateStrategy: Members, spec: Members = {}): object => set({ updateStrategy, ...spec });
const inPlace = (spec: Members = {}): object => strategy({ type: "InPlaceIfPossible" }, spec);
const newImage = template({ image: "app:2" });
const newEnv = template({ env: [{ name: "A", value: "b" }] });
const naming = (...podsToDelete: string[]): Members => ({ scaleStrategy: { podsToDelete } });
const known = (pods: Record<string, PodNote>): PodLookup => ({
  pod: (_, name) => Promise.resolve(pods[name] ?? null),
  podsOf: () => Promise.resolve(Object.values(pods)),
});
const ours: PodNote = { owner: "uid-web", terminating: false, gated: false };
const applied = (spec: Members): Members => ({ annotations: { [LAST_APPLIED]: JSON.stringify({ spec }) } });
const managed = (fields: Members): Members => ({ managedFields: [{ manager: "a", fieldsV1: { "f:spec": fields } }] });

const cases: Case[] = [
  { name: "nothing odd", after: set(), want: [] },
  {
    name: "an image that changes in place",
    before: inPlace(),
    after: inPlace({ template: newImage }),
    want: ["spec.template: this change is made in place: pods stay, and restart container app"],
  },
  {
    name: "a label that changes in place",
    before: inPlace(),
    after: inPlace({ template: template({}, { labels: { app: "web", a: "b" } }) }),
    want: ["spec.template: this change is made in place: pods stay, and get the new metadata, nothing restarts"],
  },
  {
    name: "env that asks for new pods, and takes their claims",
    before: inPlace({ volumeClaimTemplates: CLAIMS }),
    after: inPlace({ volumeClaimTemplates: CLAIMS, template: newEnv }),
    want: [
      "spec.template.spec.containers[app].env: this change re-creates the pods, and their volume claims (data) are deleted with them: only a new pod can take this change",
    ],
  },
  {
    name: "another spelling of the same is no change",
    before: inPlace({ template: template({ resources: { limits: { cpu: "1" } } }) }),
    after: inPlace({ template: template({ resources: { limits: { cpu: "1000m" } } }) }),
    want: [],
  },
  { name: "re-creating is what ReCreate says", before: set(), after: set({ template: newImage }), want: [] },
  {
    name: "re-creating with claims",
    before: set({ volumeClaimTemplates: CLAIMS }),
    after: set({ volumeClaimTemplates: CLAIMS, template: newImage }),
    want: [
      "spec.template: the change of spec.template.spec.containers[0].image re-creates the pods (updateStrategy.type is ReCreate), and their volume claims (data) are deleted with them",
    ],
  },
  {
    name: "a label that only a restart could read, under InPlaceOnly",
    before: strategy(
      { type: "InPlaceOnly" },
      { template: template({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] }) },
    ),
    after: strategy(
      { type: "InPlaceOnly" },
      {
        template: template(
          { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] },
          { labels: { app: "web", a: "b" } },
        ),
      },
    ),
    want: [
      `spec.template.metadata.labels[a]: this change cannot be made in place, and InPlaceOnly allows nothing else: pods stay as they are: container "app" reads it through its env "A" when it starts, and its image does not change`,
    ],
  },
  {
    name: "no pods, nothing to say",
    before: inPlace({ replicas: 0 }),
    after: inPlace({ replicas: 0, template: newEnv }),
    want: [],
  },
  {
    name: "names that do not exist, are not ours, or go already",
    after: set(naming("gone", "theirs", "going", "ours")),
    pods: known({ theirs: { ...ours, owner: "uid-x" }, going: { ...ours, terminating: true }, ours }),
    want: [
      "spec.scaleStrategy.podsToDelete: ignored: no pod has this name: gone",
      "spec.scaleStrategy.podsToDelete: ignored: not a pod of this CloneSet: theirs",
      "spec.scaleStrategy.podsToDelete: ignored: being deleted already: going",
    ],
  },
  {
    name: "names that were there before",
    before: set(naming("gone")),
    after: set(naming("gone")),
    pods: known({}),
    want: [],
  },
  { name: "names nobody can look up", after: set(naming("gone")), want: [] },
  {
    name: "names and a template in one request",
    before: inPlace(),
    after: inPlace({ ...naming("web-aaaaa"), template: newImage }),
    want: [
      "spec.template: this change is made in place: pods stay, and restart container app",
      "spec.scaleStrategy.podsToDelete: this request also changes spec.template.spec.containers[0].image: a client that rewrites what it read may not have meant that",
    ],
  },
  {
    name: "maxUnavailable rounded down to 0",
    after: strategy({ maxUnavailable: "20%", maxSurge: 1 }),
    want: [
      'spec.updateStrategy.maxUnavailable: "20%" of 3 replicas is 0 pods: a pod goes only after one of the 1 extra pods (maxSurge) is available',
    ],
  },
  { name: "maxUnavailable rounded up to 1", after: strategy({ maxUnavailable: "20%" }), want: [] },
  {
    name: "partition above replicas",
    after: strategy({ partition: 4 }),
    want: ["spec.updateStrategy.partition: 4 is more than the 3 replicas: no pod is updated"],
  },
  { name: "partition equal to replicas", after: strategy({ partition: 3 }), want: [] },
  {
    name: "a warning is not repeated",
    before: strategy({ partition: 4 }),
    after: strategy({ partition: 4 }, { minReadySeconds: 1 }),
    want: [],
  },
  {
    name: "no pod may be created",
    after: set({ scaleStrategy: { maxUnavailable: 0 } }),
    want: ["spec.scaleStrategy.maxUnavailable: it is 0: no pod is created"],
  },
  {
    name: "a name too long",
    after: set({}, { name: "a".repeat(53) }),
    want: [
      "metadata.name: 53 characters are more than the 52 that fit into a pod label with a hash: the controller creates no pods, unless its feature gate CloneSetShortHash is on",
    ],
  },
  {
    name: "a long name with short hashes",
    after: set({}, { name: "a".repeat(53) }),
    features: { CloneSetShortHash: true },
    want: [],
  },
  {
    name: "an image without a tag",
    after: set({ template: template({ image: "registry:5000/app" }) }),
    want: [
      'spec.template.spec.containers[0].image: "registry:5000/app" has no tag: pods that start at different times may run different code',
    ],
  },
  { name: "an image with a digest", after: set({ template: template({ image: "app@sha256:00" }) }), want: [] },
  {
    name: "partition left out of what is applied",
    before: strategy({ partition: 2 }, {}),
    after: strategy({ partition: 0 }, {}),
    want: [],
  },
  {
    name: "partition left out by kubectl apply",
    before: {
      ...strategy({ partition: 2 }),
      ...{ metadata: { name: "web", ...applied({ updateStrategy: { partition: 2 } }) } },
    },
    after: { ...strategy({ partition: 0 }), ...{ metadata: { name: "web", ...applied({ updateStrategy: {} }) } } },
    want: [
      "spec.updateStrategy.partition: it was 2 and is no longer given, so it falls to 0: the rollout goes on to all pods",
    ],
  },
  {
    name: "partition set to 0 by kubectl apply",
    before: {
      ...strategy({ partition: 2 }),
      ...{ metadata: { name: "web", ...applied({ updateStrategy: { partition: 2 } }) } },
    },
    after: {
      ...strategy({ partition: 0 }),
      ...{ metadata: { name: "web", ...applied({ updateStrategy: { partition: 0 } }) } },
    },
    want: [],
  },
  {
    name: "replicas left out of a server-side apply",
    before: set({ replicas: 5 }, managed({ "f:replicas": {} })),
    after: set({ replicas: 1 }, managed({ "f:template": {} })),
    want: ["spec.replicas: it was 5 and is no longer given, so it falls to 1: 4 pods are removed"],
  },
  {
    name: "replicas set to 1",
    before: set({ replicas: 5 }, managed({ "f:replicas": {} })),
    after: set({ replicas: 1 }, managed({ "f:replicas": {} })),
    want: [],
  },
  {
    name: "a switch to in-place while pods have no gate",
    before: set(),
    after: inPlace(),
    pods: known({ a: ours, b: ours, c: { ...ours, gated: true } }),
    want: [
      "spec.updateStrategy.type: 2 running pods have no readiness gate InPlaceUpdateReady and cannot be taken out of service before containers restart; such pods are updated one at a time",
    ],
  },
  {
    name: "claim templates that change",
    before: set({ volumeClaimTemplates: CLAIMS }),
    after: set({ volumeClaimTemplates: [{ ...CLAIMS[0], metadata: { name: "more" } }] }),
    want: [
      "spec.volumeClaimTemplates: only pods created from now on use the changed claim templates; those there are keep their claims",
    ],
  },
  {
    name: "claim templates that no claim can be made from",
    after: set({ volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }] }),
    want: [
      "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value: say how much storage to ask for: no claim can be made from this, and so no pod",
    ],
  },
  {
    name: "a hook that no pod can meet",
    after: set({ lifecycle: { preDelete: { labelsHandler: { "a b": "c" } } } }),
    want: ['spec.lifecycle.preDelete.labelsHandler: no pod can carry "a b", so this hook can never be met'],
  },
  {
    name: "settings without effect",
    after: set({
      updateStrategy: { inPlaceUpdateStrategy: { imagePreDownloadParallelism: 1 } },
      template: template({}, { annotations: { "apps.kruise.io/container-launch-priority": "Ordered" } }),
    }),
    want: [
      "spec.updateStrategy.inPlaceUpdateStrategy.imagePreDownloadParallelism: has no effect: images are not downloaded ahead of an update",
      "spec.template.metadata.annotations[apps.kruise.io/container-launch-priority]: has no effect: containers of a new pod start together",
    ],
  },
];

for (const { name, before, after, pods = noPods, features, want } of cases) {
  test(`warnings: ${name}`, async () => {
    const warnings = await warningsOf(after, before, { features: { ...featureDefaults, ...features }, pods });
    assert.deepEqual(warnings, want);
  });
}

test("a look at pods that takes too long, or fails, costs a warning and nothing else", async () => {
  const clock = new FakeClock();
  const answer = inTime(new Promise<string>(() => {}), 1000, clock);
  await clock.advance(1000);
  assert.equal(await answer, undefined);
  assert.equal(await inTime(Promise.reject(new Error("no")), 1000, clock), undefined);
  assert.equal(await inTime(Promise.resolve("yes"), 1000, clock), "yes");
});
