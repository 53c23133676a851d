import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import { ARGOCD_CONFIG, judgeArgoCd } from "../../../src/cli/doctor/argocd.ts";
import type { Check } from "../../../src/cli/doctor/check.ts";
import { judgeDefinition } from "../../../src/cli/doctor/definition.ts";
import { judgeLeader } from "../../../src/cli/doctor/leader.ts";
import { judgeRights, RIGHTS } from "../../../src/cli/doctor/rights.ts";
import { judgeVersions } from "../../../src/cli/doctor/versions.ts";
import { judgeWebhooks } from "../../../src/cli/doctor/webhook.ts";
import type { Look } from "../../../src/cli/looked.ts";
import type { Lease } from "../../../src/kube/leader.ts";
import { LEASES } from "../../../src/kube/resources.ts";
import { issue } from "../../../webhook/make-certificate.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const DAY_MS = 24 * 3_600_000;
const absent = { kind: "absent" } as const;
const forbidden = { kind: "forbidden" } as const;
const found = <T>(value: T) => ({ kind: "found", value }) as const;
const metadata = { name: "cloneset-controller", namespace: "system" };

const definition = (minor: string | undefined, ...versions: string[]) =>
  found({
    metadata: { name: "clonesets", annotations: minor ? { "apps.kruise.io/pod-template-schema": minor } : {} },
    spec: { versions: versions.map((name) => ({ name, served: true })) },
  });

const webhook = (name: string, caBundle: string | undefined, failurePolicy = "Fail") =>
  found([
    {
      metadata: { name },
      webhooks: [
        {
          name: "rules",
          failurePolicy,
          clientConfig: { ...(caBundle === undefined ? {} : { caBundle }) },
          rules: [{ apiGroups: ["apps.kruise.io"], resources: ["clonesets"] }],
        },
      ],
    },
  ]);

const lease = (holderIdentity: string, secondsAgo: number): Lease => ({
  metadata,
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: new Date(NOW_MS - secondsAgo * 1000).toISOString() },
});
const leases = (...all: Lease[]): Look<Lease[]> => found(all);
const version = (text: string) => found([{ metadata: { ...metadata, labels: { "app.kubernetes.io/version": text } } }]);
const judgeBundle = async (daysLeft: number) => {
  const { ca } = await issue(["web"], NOW_MS, daysLeft * DAY_MS);
  return judgeWebhooks(webhook("cloneset-controller", Buffer.from(ca).toString("base64")), NOW_MS);
};

const cases: [name: string, checks: Check[] | Promise<Check[]>, level: Check["level"], says: RegExp][] = [
  ["no definition", judgeDefinition(absent, 36), "FAIL", /not installed/],
  ["a definition nobody may see", judgeDefinition(forbidden, 36), "WARN", /may not read/],
  ["the definition", judgeDefinition(definition("1.36", "v1alpha1"), 36), "OK", /pod API of Kubernetes 1\.36/],
  [
    "a newer server",
    judgeDefinition(definition("1.36", "v1alpha1"), 37),
    "WARN",
    /1\.37: newer pod fields are dropped/,
  ],
  ["OpenKruise's definition", judgeDefinition(definition("1.36", "v1alpha1", "v1beta1"), 36), "WARN", /v1beta1/],
  ["a definition that says no schema", judgeDefinition(definition(undefined, "v1alpha1"), 36), "WARN", /does not say/],
  ["only v1beta1", judgeDefinition(definition("1.36", "v1beta1"), 36), "FAIL", /v1alpha1 is not served/],
  ["no webhook", judgeWebhooks(found([]), NOW_MS), "WARN", /not installed/],
  ["somebody else's webhook", judgeWebhooks(webhook("kruise", ""), NOW_MS), "WARN", /kruise judges CloneSets too/],
  ["no authority", judgeWebhooks(webhook("cloneset-controller", undefined), NOW_MS), "FAIL", /cannot be written/],
  ["an optional one", judgeWebhooks(webhook("cloneset-controller", "", "Ignore"), NOW_MS), "FAIL", /is not asked/],
  ["a broken authority", judgeWebhooks(webhook("cloneset-controller", "AAAA"), NOW_MS), "FAIL", /cannot be read/],
  ["a good authority", judgeBundle(90), "OK", /good for 90d/],
  ["an authority that ends soon", judgeBundle(5), "WARN", /good for 5d/],
  ["an authority that has ended", judgeBundle(-0.01), "FAIL", /ended 14m ago/],
  ["no lease", judgeLeader(leases(), absent, NOW_MS), "FAIL", /no controller has run/],
  ["no lease, and somebody at work", judgeLeader(leases(), absent, NOW_MS, true), "WARN", /leader-elect=false/],
  ["a leader", judgeLeader(leases(lease("a", 3)), absent, NOW_MS), "OK", /a leads, renewed 3s ago/],
  ["a leader that is gone", judgeLeader(leases(lease("a", 300)), absent, NOW_MS), "FAIL", /last renewed .* 5m ago/],
  ["nobody leads", judgeLeader(leases(lease("", 3)), absent, NOW_MS), "FAIL", /nobody holds/],
  ["OpenKruise at work", judgeLeader(leases(lease("a", 3)), found(lease("k", 1)), NOW_MS), "WARN", /only looks on/],
  ["OpenKruise that has ended", judgeLeader(leases(lease("a", 3)), found(lease("k", 99)), NOW_MS), "OK", /a leads/],
  [
    "no right to look",
    judgeRights(RIGHTS.slice(0, 1), "shop"),
    "FAIL",
    /may not get clonesets\.apps\.kruise\.io in shop$/,
  ],
  [
    "no right to write",
    judgeRights(RIGHTS.slice(7, 8), "shop"),
    "WARN",
    /patch .* in shop, which is needed by set, promote/,
  ],
  ["an old server", judgeVersions(29, absent), "WARN", /1\.29; 1\.31 to 1\.36 are tested/],
  ["another controller", judgeVersions(36, version("9.9.9")), "WARN", /9\.9\.9, the plugin is/],
  ["Argo CD without the script", judgeArgoCd(found({ metadata: ARGOCD_CONFIG, data: {} })), "WARN", /no health script/],
];
for (const [name, checks, level, says] of cases) {
  test(`doctor: ${name}`, async () => {
    const all = await checks;
    const worst = all.find((one) => one.level === "FAIL") ?? all.find((one) => one.level === "WARN") ?? all[0];
    assert.equal(worst?.level, level, JSON.stringify(all));
    assert.match(worst.says, says);
  });
}

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

test("doctor: the binary, before and after a controller runs", async (t) => {
  const empty = await plugin.transcript("doctor", "doctor --server http://127.0.0.1:1");
  const renewTime = new Date(Date.now() + 3_600_000).toISOString();
  const spec = { holderIdentity: "pod-a", leaseDurationSeconds: 15, renewTime };
  await plugin.store(LEASES, { metadata: { ...metadata, namespace: "default" }, spec } as never);
  await plugin.store(CLONE_SETS, wireCloneSet());
  await plugin.store(CLONE_SETS, wireCloneSet({ name: "new", status: { observedGeneration: -1 } }));
  const later = await plugin.transcript("doctor", "doctor -o table", "doctor -o name", "doctor -o json");
  assertGolden(t, "cli/doctor.txt", `${empty}\n${later}`);
});
