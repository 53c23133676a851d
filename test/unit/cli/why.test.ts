import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { EventObject } from "../../../src/cli/cluster.ts";
import type { Seen } from "../../../src/cli/seen.ts";
import { treeOf } from "../../../src/cli/tree/tree.ts";
import type { Evidence } from "../../../src/cli/why/evidence.ts";
import { explainCloneSet, explainPod, inTrouble } from "../../../src/cli/why/explanation.ts";
import { EVENTS, PODS as POD_RESOURCE } from "../../../src/kube/resources.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";
import { NOW_MS, PODS, rollingOut, seenWeb } from "./seen-web.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const told = { nowMs: NOW_MS, flag: "" };

function warning(reason: string, message: string, secondsAgo: number, count = 1): EventObject {
  const lastTimestamp = new Date(NOW_MS - secondsAgo * 1000).toISOString();
  return { metadata: { name: reason }, type: "Warning", reason, message, count, lastTimestamp };
}

function evidence(seen: Seen, more: Partial<Evidence> = {}): Evidence {
  return { seen, events: [], eventsOf: new Map(), quotas: [], budgets: [], ...more };
}

const pulling = { eventsOf: new Map([["web-k2v9x", [warning("Failed", "Failed to pull image: not found.", 5, 3)]]]) };
const budget = {
  metadata: { name: "web" },
  spec: { selector: { matchLabels: { app: "web" } } },
  status: { disruptionsAllowed: 0 },
};

test("why: in a rollout, by the CloneSet and by each of its pods", (t) => {
  const seen = rollingOut();
  const all = evidence(seen, { ...pulling, budgets: [budget] });
  const explained = [explainCloneSet(all, told), ...seen.pods.map(({ name }) => explainPod(name, all, told))];
  assertGolden(t, "cli/why-rolling-out.txt", explained.map(({ text, next }) => `${text}\n  -> ${next}\n`).join("\n"));
});

test("why: the worst pod is told first, and its remedy is the one that is given", () => {
  const seen = seenWeb({
    pods: [
      { id: "aaaaa", revision: 7, ready: false },
      { id: "zzzzz", revision: 7, node: "n", ready: false, waiting: { reason: "CrashLoopBackOff" } },
    ],
  });
  assert.equal(inTrouble(treeOf(seen, NOW_MS))[0]?.name, "web-zzzzz");
  assert.equal(
    explainCloneSet(evidence(seen), told).next,
    "kubectl logs web-zzzzz -c nginx --previous, or kubectl cloneset undo web",
  );
});

const ended: Record<string, { seen: Seen; more?: Partial<Evidence>; text: RegExp; next: string }> = {
  "a full quota": {
    seen: seenWeb({ pods: PODS.filter(({ waiting }) => !waiting).map((pod) => ({ ...pod, revision: 7 })) }),
    more: {
      events: [warning("FailedCreate", "pods is forbidden: exceeded quota: small", 60, 4)],
      quotas: [
        { metadata: { name: "small" }, status: { hard: { pods: "4", cpu: "2" }, used: { pods: "4", cpu: "1999m" } } },
      ],
    },
    text: /Event FailedCreate \(4 times, last 60s ago\): .*exceeded quota: small\. Nothing is left of quota small: pods 4 of 4\./,
    next: "raise the quota, or make room: kubectl describe resourcequota",
  },
  "a controller that has seen nothing": {
    seen: seenWeb({ pods: PODS, status: { observedGeneration: 2 } }),
    text: /edit not yet seen.*to see the last edit\.$/,
    next: "kubectl cloneset doctor",
  },
  "a node that is lost": {
    seen: seenWeb({ pods: [{ id: "8q5mz", revision: 7, node: "node-a", terminating: 600 }], spec: { replicas: 1 } }),
    text: /^CloneSet web: /,
    next: "if node node-a is lost: kubectl taint node node-a node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
  },
  "a pod that is on its way": {
    seen: seenWeb({ pods: [{ id: "8q5mz", revision: 7, node: "node-a", ready: false }], spec: { replicas: 1 } }),
    text: /^CloneSet web: /,
    next: "kubectl cloneset status web --watch",
  },
  "a pod that has just been deleted": {
    seen: seenWeb({ pods: [{ id: "8q5mz", revision: 7, node: "node-a", terminating: 5 }], spec: { replicas: 1 } }),
    text: /^CloneSet web: /,
    next: "kubectl cloneset status web --watch",
  },
  nothing: {
    seen: seenWeb({
      pods: [{ id: "8q5mz", revision: 7, node: "node-a" }],
      spec: { replicas: 1, updateStrategy: {} },
    }),
    more: { events: [warning("FailedCreate", "long over", 30)] },
    text: /^CloneSet web: up to date, 1 of 1 pods updated and available, 1 of 1 available in all\.$/,
    next: "",
  },
};
for (const [name, { seen, more, text, next }] of Object.entries(ended)) {
  test(`why: ${name}`, () => {
    const explanation = explainCloneSet(evidence(seen, more), told);
    assert.match(explanation.text, text);
    assert.equal(explanation.next, next);
  });
}

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

test("why: the binary, by CloneSet, by pod, and for what is not there", async (t) => {
  const status = {
    replicas: 1,
    readyReplicas: 0,
    availableReplicas: 0,
    updatedReplicas: 1,
    updatedAvailableReplicas: 0,
  };
  const web = await plugin.store(CLONE_SETS, wireCloneSet({ spec: { replicas: 1 }, status }));
  const { uid = "" } = web.metadata;
  const owner = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid, controller: true };
  const pod = (name: string, ownerReferences: object[]) =>
    plugin.store(POD_RESOURCE, {
      metadata: {
        name,
        namespace: "default",
        labels: { app: "web", "controller-revision-hash": "web-9c4f7d6b9" },
        ownerReferences,
      },
      spec: { nodeName: "node-a", containers: [{ name: "nginx", image: "nginx:1.27.0" }] },
      status: {
        phase: "Pending",
        containerStatuses: [
          { name: "nginx", image: "nginx:1.27.0", state: { waiting: { reason: "ErrImagePull", message: "denied" } } },
        ],
      },
    } as never);
  const ours = await pod("web-abcde", [owner]);
  await pod("stranger", []);
  await plugin.store(EVENTS, {
    metadata: { name: "web-abcde.1", namespace: "default" },
    involvedObject: { kind: "Pod", name: "web-abcde", namespace: "default", uid: ours.metadata.uid },
    type: "Warning",
    reason: "Failed",
    message: "Failed to pull image.",
    lastTimestamp: new Date().toISOString(),
  } as never);
  const text = await plugin.transcript(
    "why web",
    "why web-abcde",
    "why pod/web-abcde -o table",
    "why web -o json",
    "why stranger",
    "why nothing",
    "why pod/nothing",
    "why",
  );
  assertGolden(t, "cli/why.txt", text.replaceAll(/\b(?:\d+[hms])+\b/g, "0s"));
});
