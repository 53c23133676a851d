import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs, imageIdOf, type KubeletHabits, nextStep, type Pod, type Step } from "./fake-kubelet.ts";

const HABITS: KubeletHabits = { readyAfterMs: 0, terminateAfterMs: 0, resizeAfterMs: 0, badImages: new Set() };
const START_MS = Date.parse("2026-01-01T00:00:00Z");

function aPod(given: Partial<Pod["metadata"]> = {}, spec: Partial<Pod["spec"]> = {}): Pod {
  return {
    metadata: { name: "web", uid: "u1", resourceVersion: "1", generation: 1, ...given },
    spec: { nodeName: "fake-node-0", containers: [{ name: "app", image: "local/app:v1" }], ...spec },
    status: {},
  };
}

/** Plays the API server: each patch becomes the status, as the merge of the server would leave it. */
class Life {
  readonly moments = new Map<string, number>();
  readonly habits: KubeletHabits;
  pod: Pod;
  constructor(pod: Pod, habits: Partial<KubeletHabits> = {}) {
    this.pod = structuredClone(pod);
    this.habits = { ...HABITS, ...habits };
  }

  /** Acts until there is nothing more to do at this moment; returns the number of patches and the last step. */
  settle(atMs: number): { patches: number; last: Step } {
    for (let patches = 0; patches < 5; patches++) {
      const nowMs = START_MS + atMs;
      const step = nextStep(this.pod, {
        nowMs,
        moments: this.moments,
        habits: this.habits,
        hostIp: "172.16.0.0",
        newPodIp: () => "10.0.0.1",
      });
      if (step.kind !== "patchStatus") return { patches, last: step };
      const { conditions = [], ...rest } = step.patch["status"] as Pod["status"];
      const kept = (this.pod.status.conditions ?? []).filter(({ type }) => !conditions.some((c) => c.type === type));
      const lastSeen = new Map((this.pod.status.conditions ?? []).map((condition) => [condition.type, condition]));
      const merged = conditions
        .filter((condition) => !("$patch" in condition))
        .map((condition) => JSON.parse(JSON.stringify({ ...lastSeen.get(condition.type), ...condition }, withoutNull)));
      this.pod.status = { ...this.pod.status, ...rest, conditions: [...kept, ...merged] };
    }
    assert.fail("still patching after 5 rounds");
  }

  app() {
    const status = this.pod.status.containerStatuses?.[0];
    assert.ok(status);
    return status;
  }

  ready(): string | undefined {
    const condition = this.pod.status.conditions?.find(({ type }) => type === "Ready");
    return condition && `${condition.status} ${condition.reason ?? ""}`.trim();
  }

  edit(image: string) {
    this.pod.spec.containers = this.pod.spec.containers.map((container) => ({ ...container, image }));
    this.pod.metadata.generation = (this.pod.metadata.generation ?? 0) + 1;
  }
}

function withoutNull(_key: string, value: unknown): unknown {
  return value === null ? undefined : value;
}

test("a new pod is running and ready after one patch", () => {
  const life = new Life(aPod());
  assert.equal(life.settle(0).patches, 1);
  assert.equal(life.ready(), "True");
  assert.equal(life.pod.status.phase, "Running");
  assert.equal(life.app().restartCount, 0);
});

test("an image patch restarts the container in one patch, and tells which generation it has seen", () => {
  const life = new Life(aPod());
  life.settle(0);
  const before = life.app();
  life.edit("local/app:v2");
  assert.equal(life.settle(10).patches, 1);
  assert.equal(life.app().restartCount, 1);
  assert.notEqual(life.app().containerID, before.containerID);
  assert.notEqual(life.app().imageID, before.imageID);
  assert.equal(life.app().lastState.terminated?.containerID, before.containerID);
  assert.equal(life.pod.status.observedGeneration, 2);
});

test("another tag of the same image restarts the container, and its image id stays", () => {
  const life = new Life(aPod());
  life.settle(0);
  const before = life.app();
  life.edit("local/app:v1-retag");
  life.settle(10);
  assert.equal(life.app().imageID, before.imageID);
  assert.equal(life.app().restartCount, 1);
});

test("readiness comes after the delay, not before", () => {
  const life = new Life(aPod({ annotations: { "fake-node/ready-after": "2s" } }));
  assert.deepEqual(life.settle(0), { patches: 1, last: { kind: "wait", againInMs: 2000 } });
  assert.equal(life.ready(), "False ContainersNotReady");
  assert.equal(life.settle(1999).patches, 0);
  assert.equal(life.settle(2000).patches, 1);
  assert.equal(life.ready(), "True");
});

test("a readiness gate holds Ready back, and gives it back", () => {
  const life = new Life(aPod({}, { readinessGates: [{ conditionType: "Gate" }] }));
  life.settle(0);
  assert.equal(life.ready(), "False ReadinessGatesNotReady");
  for (const [status, want] of [
    ["True", "True"],
    ["False", "False ReadinessGatesNotReady"],
  ] as const) {
    const others = (life.pod.status.conditions ?? []).filter(({ type }) => type !== "Gate");
    life.pod.status.conditions = [...others, { type: "Gate", status }];
    life.settle(10);
    assert.equal(life.ready(), want);
  }
});

test("a bad image stops the container that ran, and a good one starts it again", () => {
  const life = new Life(aPod());
  life.settle(0);
  const before = life.app();
  life.edit("local/app:bad");
  life.settle(0);
  assert.equal(life.app().state.waiting?.reason, "ErrImagePull");
  assert.equal(life.app().restartCount, 0);
  assert.equal(life.app().containerID, before.containerID);
  assert.equal(life.pod.status.phase, "Running");
  life.settle(500);
  assert.equal(life.app().state.waiting?.reason, "ImagePullBackOff");
  life.edit("local/app:v1");
  life.settle(600);
  assert.equal(life.ready(), "True");
  assert.equal(life.app().restartCount, 1);
});

test("a pod that never had a good image stays pending", () => {
  const life = new Life(aPod({}, { containers: [{ name: "app", image: "local/app:v9" }] }), {
    badImages: new Set(["local/app:v9"]),
  });
  life.settle(0);
  assert.equal(life.pod.status.phase, "Pending");
  assert.equal(life.app().containerID, undefined);
});

test("a deleted pod goes after the smaller of its grace and the delay", () => {
  const deletion = { deletionTimestamp: "2026-01-01T00:00:01Z", deletionGracePeriodSeconds: 1 };
  const life = new Life(aPod(), { terminateAfterMs: 5000 });
  life.settle(0);
  Object.assign(life.pod.metadata, deletion);
  assert.deepEqual(life.settle(0).last, { kind: "wait", againInMs: 1000 });
  assert.deepEqual(life.settle(1000).last, { kind: "remove" });
});

test("a deleted pod with a finalizer ends its containers, is removed once, then waits", () => {
  const life = new Life(aPod({ finalizers: ["example.com/hold"] }));
  life.settle(0);
  Object.assign(life.pod.metadata, { deletionTimestamp: "2026-01-01T00:00:01Z", deletionGracePeriodSeconds: 30 });
  assert.deepEqual(life.settle(10), { patches: 1, last: { kind: "remove" } });
  assert.ok(life.app().state.terminated);
  life.pod.metadata.deletionGracePeriodSeconds = 0;
  assert.equal(life.settle(20).last.kind, "wait");
});

test("a resize shows in the status without a restart", () => {
  const resources = { requests: { cpu: "10m" } };
  const life = new Life(aPod({}, { containers: [{ name: "app", image: "local/app:v1", resources }] }));
  life.settle(0);
  life.pod.spec.containers = [{ name: "app", image: "local/app:v1", resources: { requests: { cpu: "20m" } } }];
  life.settle(10);
  assert.deepEqual(life.app().resources, { requests: { cpu: "20m" } });
  assert.equal(life.app().restartCount, 0);
});

test("durations and image ids", () => {
  assert.equal(durationMs("500ms", 0), 500);
  assert.equal(durationMs("1.5s", 0), 1500);
  assert.equal(durationMs("soon", 7), 7);
  assert.equal(imageIdOf("local/app:v1"), imageIdOf("local/app:v1-retag"));
  assert.equal(imageIdOf("host:5000/app@sha256:abc"), "host:5000/app@sha256:abc");
});
