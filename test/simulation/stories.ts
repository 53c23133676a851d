import type { JsonMap } from "../../src/sandbox/objects.ts";
import type { Scenario, Step } from "./scenario.ts";

/** A step without its place and time. */
type Edit = Step extends infer S ? (S extends Step ? Omit<S, "atMs" | "cloneSet"> & { atMs?: number } : never) : never;

/** A fixed story: one CloneSet, a few edits, no faults of its own. */
export interface Story {
  name: string;
  scenario: Scenario;
}

const template = (
  image: string,
  more: { env?: string; labels?: JsonMap; finalizers?: string[]; side?: boolean; batches?: boolean } = {},
): JsonMap => ({
  metadata: { labels: { app: "web", ...more.labels }, ...(more.finalizers ? { finalizers: more.finalizers } : {}) },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "app",
        image,
        env: [
          ...(more.env ? [{ name: "LEVEL", value: more.env }] : []),
          ...(more.batches ? [{ name: "KRUISE_CONTAINER_PRIORITY", value: "10" }] : []),
        ],
      },
      ...(more.side ? [{ name: "side", image: image.replace("app", "side") }] : []),
    ],
  },
});
const claims = [
  { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
];

function story(name: string, spec: JsonMap, ...edits: Edit[]): Story {
  const steps = edits.map((edit, i) => ({ atMs: 10_000 * (i + 1), ...edit, cloneSet: 0 })) as Step[];
  return {
    name,
    scenario: {
      seed: 1,
      cloneSets: [
        {
          name: "web",
          spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template("app:v1"), ...spec },
        },
      ],
      steps,
      faults: [],
      endMs: 10_000 * (edits.length + 2),
      pace: { bindMs: 1, noticeMs: 10, readyMs: 100, terminateMs: 200, volumeMs: 10, hookMs: 500, gcMs: 20 },
      features: {},
      leaderElection: false,
    },
  };
}

const patch = (why: string, spec: JsonMap) => ({ kind: "patch" as const, spec, why });
const inPlace = (more: JsonMap = {}) => ({ updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1, ...more } });
const hooks = {
  preDelete: { labelsHandler: { "hold/delete": "true" } },
  inPlaceUpdate: { labelsHandler: { "hold/update": "true" }, markPodNotReady: true },
};
const held = { labels: { "hold/delete": "true", "hold/update": "true" } };

/** Between them they take every kind of write there is. */
export const stories: readonly Story[] = [
  story("create, then scale out and in", {}, patch("out", { replicas: 5 }), patch("in", { replicas: 2 })),
  story(
    "pods with claims, scaled in and out",
    { volumeClaimTemplates: claims },
    patch("in", { replicas: 1 }),
    patch("out", { replicas: 3 }),
  ),
  story("an image in place", inPlace(), patch("image", { template: template("app:v2") })),
  story(
    "two images in place, and back in the middle",
    inPlace(),
    patch("image", { template: template("app:v2") }),
    patch("back", { template: template("app:v1") }),
  ),
  story(
    "in place in two batches, and another image in between",
    { ...inPlace({ maxUnavailable: 3 }), template: template("app:v1", { side: true, batches: true }) },
    patch("image", { template: template("app:v2", { side: true, batches: true }) }),
    { ...patch("another", { template: template("app:v3", { side: true, batches: true }) }), atMs: 10_060 },
  ),
  story(
    "in place with a grace period",
    inPlace({ inPlaceUpdateStrategy: { gracePeriodSeconds: 2 } }),
    patch("image", { template: template("app:v2") }),
  ),
  story(
    "a new env re-creates pods",
    { updateStrategy: { maxUnavailable: 1 } },
    patch("env", { template: template("app:v1", { env: "2" }) }),
  ),
  story(
    "re-created with claims, and surge",
    { volumeClaimTemplates: claims, updateStrategy: { maxUnavailable: 0, maxSurge: 1 } },
    patch("env", { template: template("app:v1", { env: "2" }) }),
  ),
  story(
    "staged by partition",
    inPlace({ partition: 2 }),
    patch("image", { template: template("app:v2") }),
    patch("on", { updateStrategy: { partition: 0 } }),
  ),
  story(
    "named pods",
    { updateStrategy: { maxUnavailable: 1 } },
    { kind: "name", picks: [0, 1], scaleIn: false },
    { kind: "name", picks: [0], scaleIn: true },
  ),
  story(
    "hooks",
    { ...inPlace(), template: template("app:v1", held), lifecycle: hooks },
    patch("image", { template: template("app:v2", held) }),
    patch("in", { replicas: 2 }),
  ),
  story(
    "claims go with their pods",
    { volumeClaimTemplates: claims, scaleStrategy: { disablePVCReuse: true } },
    { kind: "name", picks: [1], scaleIn: false },
    patch("in", { replicas: 2 }),
  ),
  story(
    "orphaned, and taken over again",
    inPlace(),
    { kind: "delete", policy: "Orphan", againMs: 500 },
    patch("image", { template: template("app:v2") }),
  ),
];
