// Deployments, ReplicaSets and their pods, as somebody with kubectl sees them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aPod, UNSCHEDULED } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget, STRATEGIC } from "../target.ts";

const HASH = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";

/** Rollouts are many steps. */
const QUICK = { "fake-node/ready-after": "50ms", "fake-node/terminate-after": "50ms" };

function aTemplate(app: string, { annotations = {}, spec = {} }: { annotations?: object; spec?: object } = {}) {
  return {
    metadata: { labels: { app }, annotations: { ...QUICK, ...annotations } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "app", image: "app:v1" }], ...spec },
  };
}

/** A Deployment or a ReplicaSet. */
function aWorkload(app: string, { name = app, ...spec }: { name?: string; [field: string]: unknown } = {}) {
  return {
    metadata: { name, labels: { app } },
    spec: { selector: { matchLabels: { app } }, template: aTemplate(app), ...spec },
  };
}

const causesIn = (body: unknown) =>
  ((at(body, "details.causes") as { field: string; message: string }[] | undefined) ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );

onEachTarget("deployments", (target) => {
  const apps = (plural: string) => `/apis/apps/v1/namespaces/${target().namespace}/${plural}`;
  const deployment = (name: string) => `${apps("deployments")}/${name}`;
  const set = (name: string) => `${apps("replicasets")}/${name}`;
  const pods = () => target().core("pods");
  const list = async (path: string, app: string) =>
    (await target().must<{ items: Obj[] }>("GET", `${path}?labelSelector=app%3D${app}`)).items;
  const setsOf = (app: string) => list(apps("replicasets"), app);
  const staying = async (app: string) =>
    (await list(pods(), app)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const namesOf = (objects: readonly Obj[]) => objects.map(({ metadata }) => metadata.name).toSorted();
  /** "2: 3" = revision 2 wants 3 pods. */
  const revisionsOf = (sets: readonly Obj[]) =>
    sets
      .map(({ metadata, spec }) => `${metadata.annotations?.[REVISION]}: ${Number(spec["replicas"])}`)
      .toSorted((a, b) => (a < b ? -1 : 1));
  const seen = (path: string, holds: (found: Obj) => boolean) =>
    target().until(path, () => target().must("GET", path), holds);
  /** What `kubectl rollout status` waits for. */
  const rolledOut = (name: string) =>
    seen(deployment(name), ({ metadata, spec, status }) => {
      const { observedGeneration, replicas, updatedReplicas, availableReplicas } = status as Record<string, number>;
      const isSeen = (observedGeneration ?? 0) >= (metadata.generation ?? 0);
      return isSeen && [replicas, updatedReplicas, availableReplicas].every((count = 0) => count === spec["replicas"]);
    });
  const ready = (path: string, count: number) => seen(path, ({ status }) => at(status, "readyReplicas") === count);
  const deploy = async (app: string, { name = app, ...spec }: { name?: string; [field: string]: unknown } = {}) => {
    await target().must("POST", apps("deployments"), aWorkload(app, { name, ...spec }));
    return rolledOut(name);
  };
  const edit = (path: string, spec: object) => target().must("PATCH", path, { spec }, MERGE);
  const setImage = (name: string, image: string) =>
    target().must(
      "PATCH",
      deployment(name),
      { spec: { template: { spec: { containers: [{ name: "app", image }] } } } },
      STRATEGIC,
    );
  /** Has the controllers see that there are so many pods, so that whoever comes next finds them. They share their caches. */
  const noticed = async (app: string, count: number) => {
    const budgets = `/apis/policy/v1/namespaces/${target().namespace}/poddisruptionbudgets`;
    const spec = { minAvailable: 0, selector: { matchLabels: { app } } };
    await target().must("POST", budgets, { metadata: { name: app }, spec });
    await seen(`${budgets}/${app}`, ({ status }) => at(status, "expectedPods") === count);
    await target().must("DELETE", `${budgets}/${app}`);
  };
  const remove = (path: string, propagationPolicy: string) => target().must("DELETE", path, { propagationPolicy });
  const condition = (object: Obj, type: string) => {
    const all = (at(object, "status.conditions") as { type: string; status: string; reason: string }[]) ?? [];
    const found = all.find((one) => one.type === type);
    return [found?.status, found?.reason];
  };

  test("what nobody sets is filled in", async () => {
    const query = "?dryRun=All";
    const made = await target().must("POST", apps("deployments") + query, aWorkload("defaults"));
    const { template, ...spec } = made.spec;
    const rollingUpdate = { maxSurge: "25%", maxUnavailable: "25%" };
    assert.deepEqual(spec, {
      replicas: 1,
      selector: { matchLabels: { app: "defaults" } },
      strategy: { type: "RollingUpdate", rollingUpdate },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    assert.deepEqual(made["status"], {});
    assert.equal(made.metadata.generation, 1);
    const replicaSet = await target().must("POST", apps("replicasets") + query, aWorkload("defaults"));
    assert.deepEqual([replicaSet.spec["replicas"], replicaSet["status"]], [1, { replicas: 0 }]);
    assert.deepEqual(replicaSet.spec["template"], template);
    const surge = aWorkload("defaults", { strategy: { rollingUpdate: { maxSurge: 1 } } });
    assert.deepEqual(at(await target().must("POST", apps("deployments") + query, surge), "spec.strategy"), {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: "25%" },
    });
    const recreate = aWorkload("defaults", { strategy: { type: "Recreate" } });
    assert.deepEqual(at(await target().must("POST", apps("deployments") + query, recreate), "spec.strategy"), {
      type: "Recreate",
    });
  });
  test("who made it owns what was filled in, too", async () => {
    const query = "?dryRun=All&fieldManager=somebody";
    const { metadata } = await target().must("POST", apps("deployments") + query, aWorkload("owned"));
    const [owner, ...others] = (at(metadata, "managedFields") as object[] | undefined) ?? [];
    const template = {
      "f:metadata": {
        "f:annotations": { ".": {}, "f:fake-node/ready-after": {}, "f:fake-node/terminate-after": {} },
        "f:labels": { ".": {}, "f:app": {} },
      },
      "f:spec": {
        "f:containers": {
          'k:{"name":"app"}': {
            ".": {},
            "f:image": {},
            "f:imagePullPolicy": {},
            "f:name": {},
            "f:resources": {},
            "f:terminationMessagePath": {},
            "f:terminationMessagePolicy": {},
          },
        },
        "f:dnsPolicy": {},
        "f:restartPolicy": {},
        "f:schedulerName": {},
        "f:securityContext": {},
        "f:terminationGracePeriodSeconds": {},
      },
    };
    assert.deepEqual(at(owner, "fieldsV1"), {
      "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
      "f:spec": {
        "f:progressDeadlineSeconds": {},
        "f:replicas": {},
        "f:revisionHistoryLimit": {},
        "f:selector": {},
        "f:strategy": {
          "f:rollingUpdate": { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} },
          "f:type": {},
        },
        "f:template": template,
      },
    });
    assert.deepEqual(others, []);
  });
  test("a template gets what pods get, but for what is decided for each pod", async () => {
    const containers = [{ name: "app", image: "app", resources: { limits: { cpu: "1" } } }];
    const template = aTemplate("template", { spec: { containers, terminationGracePeriodSeconds: undefined } });
    const body = aWorkload("template", { template });
    const made = await target().must("POST", `${apps("deployments")}?dryRun=All`, body);
    assert.deepEqual(at(made, "spec.template.spec"), {
      containers: [
        {
          name: "app",
          image: "app",
          imagePullPolicy: "Always",
          resources: { limits: { cpu: "1" } },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
        },
      ],
      dnsPolicy: "ClusterFirst",
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
    const pod = { metadata: { name: "template" }, spec: { containers } };
    const { spec } = await target().must("POST", `${pods()}?dryRun=All`, pod);
    assert.deepEqual(at(spec, "containers.0.resources"), { limits: { cpu: "1" }, requests: { cpu: "1" } });
    assert.equal(spec["enableServiceLinks"], true);
  });

  const refusedTemplate = aTemplate("no");
  const mismatch = 'Invalid value: {"app":"no"}: `selector` does not match template `labels`';
  const refused: { name: string; spec: object; plurals?: string[]; want: string[] }[] = [
    {
      name: "no selector",
      spec: { template: refusedTemplate },
      want: ["spec.selector: Required value", `spec.template.metadata.labels: ${mismatch}`],
    },
    {
      name: "an empty selector",
      spec: { selector: {}, template: refusedTemplate },
      want: ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    },
    {
      name: "a selector that does not match, and no image",
      spec: {
        selector: { matchLabels: { app: "yes" } },
        template: aTemplate("no", { spec: { containers: [{ name: "app" }] } }),
      },
      want: [`spec.template.metadata.labels: ${mismatch}`, "spec.template.spec.containers[0].image: Required value"],
    },
    {
      name: "pods that end",
      spec: {
        selector: { matchLabels: { app: "no" } },
        template: aTemplate("no", { spec: { restartPolicy: "Never" } }),
      },
      want: ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    },
    {
      name: "less than no pods",
      spec: { selector: { matchLabels: { app: "no" } }, template: refusedTemplate, replicas: -1 },
      want: ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    },
    ...[
      {
        name: "a rolling update that is none",
        strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } },
        want: "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
      },
      {
        name: "a rollout that cannot move",
        strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
        want: "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
      },
    ].map(({ name, strategy, want }) => ({
      name,
      spec: { selector: { matchLabels: { app: "no" } }, template: refusedTemplate, strategy },
      plurals: ["deployments"],
      want: [want],
    })),
    {
      name: "a deadline before pods can be available",
      spec: { selector: { matchLabels: { app: "no" } }, template: refusedTemplate, minReadySeconds: 600 },
      plurals: ["deployments"],
      want: ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    },
  ];
  for (const { name, spec, plurals = ["deployments", "replicasets"], want } of refused) {
    for (const plural of plurals) {
      test(`refused of ${plural}: ${name}`, async () => {
        const { status, body } = await target().send("POST", apps(plural), { metadata: { name: "no" }, spec });
        assert.deepEqual([status, causesIn(body)], [422, want]);
      });
    }
  }

  test("refused of deployments: a strategy that nobody knows", async () => {
    const { status, body } = await target().send(
      "POST",
      apps("deployments"),
      aWorkload("no", { strategy: { type: "Some" } }),
    );
    assert.equal(status, 422);
    // The server prints the value as only Go knows it.
    assert.match(
      causesIn(body).join(),
      /^spec\.strategy: Unsupported value: .*: supported values: "Recreate", "RollingUpdate"$/,
    );
  });
  test("created: a ReplicaSet with the template's hash, and pods with its labels, owned in turn", async () => {
    const { metadata, status } = await deploy("a", { replicas: 2 });
    assert.deepEqual(
      [at(status, "readyReplicas"), at(status, "terminatingReplicas"), metadata.annotations?.[REVISION]],
      [2, 0, "1"],
    );
    const found = await seen(deployment("a"), (one) => condition(one, "Progressing")[1] === "NewReplicaSetAvailable");
    assert.deepEqual(condition(found, "Available"), ["True", "MinimumReplicasAvailable"]);
    const [one, ...others] = await setsOf("a");
    assert.deepEqual(others, []);
    const hash = one?.metadata.labels?.[HASH];
    assert.deepEqual(
      [one?.metadata.name, one?.metadata.labels, one?.metadata.annotations?.[REVISION]],
      [`a-${hash}`, { app: "a", [HASH]: hash }, "1"],
    );
    assert.deepEqual(one?.spec["selector"], { matchLabels: { app: "a", [HASH]: hash } });
    assert.deepEqual(at(one, "spec.template.metadata.labels"), { app: "a", [HASH]: hash });
    const owner = { apiVersion: "apps/v1", controller: true, blockOwnerDeletion: true };
    assert.deepEqual(one?.metadata.ownerReferences, [{ ...owner, kind: "Deployment", name: "a", uid: metadata.uid }]);
    for (const pod of await staying("a")) {
      assert.deepEqual(pod.metadata.labels, { app: "a", [HASH]: hash });
      assert.match(pod.metadata.name, new RegExp(`^a-${hash}-[a-z0-9]{5}$`));
      assert.deepEqual(pod.metadata.ownerReferences, [
        { ...owner, kind: "ReplicaSet", name: one?.metadata.name, uid: one?.metadata.uid },
      ]);
    }
    assert.deepEqual(one?.["status"], {
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      terminatingReplicas: 0,
      observedGeneration: 1,
    });
  });
  test("the selector stays as it is", async () => {
    const [one] = await setsOf("a");
    for (const [path, found] of [
      [deployment("a"), { app: "a" }],
      [set(one?.metadata.name ?? ""), one?.metadata.labels],
    ] as const) {
      const { status, body } = await target().send(
        "PATCH",
        path,
        { spec: { selector: { matchLabels: { zone: "b" } } } },
        MERGE,
      );
      assert.equal(status, 422);
      const why = `Invalid value: ${JSON.stringify({ matchLabels: { ...found, zone: "b" } })}: field is immutable`;
      assert.equal(causesIn(body).at(-1), `spec.selector: ${why}`);
    }
  });
  test("generation: edits of the spec and of annotations count, labels do not", async () => {
    const path = deployment("a");
    const generation = async (metadata: object) =>
      (await target().must("PATCH", path, { metadata }, MERGE)).metadata.generation;
    assert.equal(await generation({ labels: { some: "label" } }), 1);
    assert.equal(await generation({ annotations: { "example.com/a": "b" } }), 2);
    await target().until(
      "the annotation is on the ReplicaSet",
      () => setsOf("a"),
      ([one]) => one?.metadata.annotations?.["example.com/a"] === "b",
    );
  });
  test("scaled, with the subresource too", async () => {
    const path = deployment("a");
    await target().must("PATCH", `${path}/scale`, { spec: { replicas: 3 } }, MERGE);
    await rolledOut("a");
    const scale = await target().must("GET", `${path}/scale`);
    assert.deepEqual([scale.spec, scale["status"]], [{ replicas: 3 }, { replicas: 3, selector: "app=a" }]);
    assert.equal((await staying("a")).length, 3);
    await edit(path, { replicas: 1 });
    await rolledOut("a");
    assert.equal((await staying("a")).length, 1);
    assert.equal((await setsOf("a")).length, 1);
  });
  test("of too many pods those that are not ready go first", async () => {
    const annotations = { "fake-node/ready": "false" };
    const lame = aPod("b-lame", { labels: { app: "b" }, annotations });
    await target().must("POST", pods(), lame);
    await noticed("b", 1);
    await target().must("POST", apps("replicasets"), aWorkload("b", { replicas: 3 }));
    await ready(set("b"), 2);
    await edit(set("b"), { replicas: 2 });
    await target().gone(`${pods()}/b-lame`);
    assert.equal((await staying("b")).length, 2);
  });
  test("a new image: all pods are new in the end, and the old ReplicaSet is kept without pods", async () => {
    await deploy("c", { replicas: 3 });
    const old = namesOf(await staying("c"));
    await setImage("c", "app:v2");
    const { metadata } = await rolledOut("c");
    assert.equal(metadata.annotations?.[REVISION], "2");
    const now = await staying("c");
    assert.deepEqual(new Set(now.map((pod) => at(pod, "spec.containers.0.image"))), new Set(["app:v2"]));
    assert.deepEqual(
      namesOf(now).filter((name) => old.includes(name)),
      [],
    );
    assert.deepEqual(revisionsOf(await setsOf("c")), ["1: 0", "2: 3"]);
  });
  test("back to the old image: its ReplicaSet is taken again, with a new revision", async () => {
    await setImage("c", "app:v1");
    const { metadata } = await rolledOut("c");
    assert.equal(metadata.annotations?.[REVISION], "3");
    const sets = await setsOf("c");
    assert.deepEqual(revisionsOf(sets), ["2: 0", "3: 3"]);
  });
  test("a bad image: the rollout stops where too many would be missing", async () => {
    await deploy("d", { replicas: 4 });
    await setImage("d", "bad:v1");
    const stuck = await seen(
      deployment("d"),
      ({ status }) => at(status, "updatedReplicas") === 2 && at(status, "availableReplicas") === 3,
    );
    const { replicas, unavailableReplicas } = stuck["status"] as Record<string, number>;
    assert.deepEqual([replicas, unavailableReplicas], [5, 2]);
    assert.deepEqual(condition(stuck, "Available"), ["True", "MinimumReplicasAvailable"]);
  });
  test("a budget counts what the Deployment wants, not what its ReplicaSets want", async () => {
    const budgets = `/apis/policy/v1/namespaces/${target().namespace}/poddisruptionbudgets`;
    const spec = { maxUnavailable: 1, selector: { matchLabels: { app: "d" } } };
    await target().must("POST", budgets, { metadata: { name: "d" }, spec });
    const { status } = await seen(`${budgets}/d`, (found) => at(found, "status.observedGeneration") === 1);
    const { expectedPods, desiredHealthy, currentHealthy } = status as Record<string, number>;
    assert.deepEqual([expectedPods, desiredHealthy, currentHealthy], [4, 3, 3]);
  });
  test("a rollout that takes too long says so", async () => {
    await edit(deployment("d"), { progressDeadlineSeconds: 1 });
    const late = await seen(deployment("d"), (found) => condition(found, "Progressing")[0] === "False");
    assert.equal(condition(late, "Progressing")[1], "ProgressDeadlineExceeded");
  });
  test("old ReplicaSets beyond the limit are deleted", async () => {
    await deploy("e", { replicas: 1, revisionHistoryLimit: 1 });
    for (const image of ["app:v2", "app:v3"]) {
      await setImage("e", image);
      await rolledOut("e");
    }
    const left = await target().until(
      "two are left",
      () => setsOf("e"),
      (sets) => sets.length === 2,
    );
    assert.deepEqual(revisionsOf(left), ["2: 0", "3: 1"]);
  });
  test("paused: scaled but not rolled; then resumed", async () => {
    await deploy("f", { replicas: 1 });
    await edit(deployment("f"), { paused: true });
    await setImage("f", "app:v2");
    await edit(deployment("f"), { replicas: 2 });
    const held = await seen(deployment("f"), ({ status }) => at(status, "availableReplicas") === 2);
    assert.deepEqual(condition(held, "Progressing"), ["Unknown", "DeploymentPaused"]);
    assert.equal((await setsOf("f")).length, 1);
    await edit(deployment("f"), { paused: null });
    await rolledOut("f");
    assert.equal((await setsOf("f")).length, 2);
  });
  test("recreate: no new pod before the last old one is gone", async () => {
    const annotations = { "fake-node/terminate-after": "600s" };
    const template = aTemplate("g", { annotations, spec: { terminationGracePeriodSeconds: 600 } });
    await deploy("g", { replicas: 2, strategy: { type: "Recreate" }, template });
    const old = namesOf(await staying("g"));
    await setImage("g", "app:v2");
    await seen(deployment("g"), ({ status }) => at(status, "terminatingReplicas") === 2);
    assert.deepEqual(namesOf(await list(pods(), "g")), old);
    for (const name of old) await target().must("DELETE", `${pods()}/${name}`, { gracePeriodSeconds: 0 });
    await rolledOut("g");
    assert.equal((await staying("g")).filter(({ metadata }) => old.includes(metadata.name)).length, 0);
  });
  test("minReadySeconds: ready at once, available later", async () => {
    await target().must("POST", apps("replicasets"), aWorkload("h", { minReadySeconds: 3600 }));
    const early = await ready(set("h"), 1);
    assert.equal(at(early, "status.availableReplicas"), undefined);
    await edit(set("h"), { minReadySeconds: 1 });
    await seen(set("h"), ({ status }) => at(status, "availableReplicas") === 1);
  });
  test("a pod that is over is replaced, and stays", async () => {
    const over = aPod("i-over", { labels: { app: "i" }, annotations: { "fake-node/phase": "Failed" } });
    await target().must("POST", pods(), over);
    await seen(`${pods()}/i-over`, (pod) => at(pod, "status.phase") === "Failed");
    await target().must("POST", apps("replicasets"), aWorkload("i"));
    await ready(set("i"), 1);
    assert.equal((await staying("i")).length, 2);
    assert.equal((await target().must("GET", `${pods()}/i-over`)).metadata.ownerReferences, undefined);
  });
  test("a ReplicaSet made by hand adopts pods without owner, and makes none", async () => {
    for (const name of ["j-1", "j-2"]) await target().must("POST", pods(), aPod(name, { labels: { app: "j" } }));
    await noticed("j", 2);
    const { metadata } = await target().must("POST", apps("replicasets"), aWorkload("j", { replicas: 2 }));
    await ready(set("j"), 2);
    const found = await staying("j");
    assert.deepEqual(namesOf(found), ["j-1", "j-2"]);
    assert.deepEqual(
      found.map((pod) => pod.metadata.ownerReferences?.map(({ uid }) => uid)),
      [[metadata.uid], [metadata.uid]],
    );
  });
  test("a Deployment with the same template adopts that ReplicaSet, and makes no pods", async () => {
    const { metadata } = await deploy("j", { name: "j-all", replicas: 2 });
    const [one, ...others] = await setsOf("j");
    assert.deepEqual(others, []);
    assert.deepEqual(
      [one?.metadata.name, one?.metadata.ownerReferences?.map(({ uid }) => uid), one?.metadata.annotations?.[REVISION]],
      ["j", [metadata.uid], "1"],
    );
    assert.deepEqual(namesOf(await staying("j")), ["j-1", "j-2"]);
  });
  test("a pod that no longer matches is let go, and replaced", async () => {
    await target().must("PATCH", `${pods()}/j-1`, { metadata: { labels: { app: "elsewhere" } } }, MERGE);
    await target().until(
      "another pod",
      () => staying("j"),
      (found) => found.length === 2,
    );
    const free = await seen(`${pods()}/j-1`, (pod) => pod.metadata.ownerReferences === undefined);
    assert.equal(free.metadata.deletionTimestamp, undefined);
  });
  test("orphan: of a Deployment the ReplicaSet stays, of that the pods", async () => {
    await deploy("k", { replicas: 2 });
    const before = namesOf(await staying("k"));
    const [one] = await setsOf("k");
    const name = one?.metadata.name ?? "";
    await remove(deployment("k"), "Orphan");
    await target().gone(deployment("k"));
    assert.equal((await target().must("GET", set(name))).metadata.ownerReferences, undefined);
    await remove(set(name), "Orphan");
    await target().gone(set(name));
    const left = await staying("k");
    assert.deepEqual(namesOf(left), before);
    assert.deepEqual(
      left.map(({ metadata }) => metadata.ownerReferences),
      [undefined, undefined],
    );
  });
  test("foreground: pods first, then their ReplicaSet, then the Deployment", async () => {
    await deploy("l", { replicas: 1 });
    const [pod] = await staying("l");
    const path = `${pods()}/${pod?.metadata.name}`;
    await target().must("PATCH", path, { metadata: { finalizers: ["example.com/hold"] } }, MERGE);
    await remove(deployment("l"), "Foreground");
    await seen(path, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    const [one] = await setsOf("l");
    assert.deepEqual(one?.metadata.finalizers, ["foregroundDeletion"]);
    assert.ok(await target().find(deployment("l")));
    await target().must("PATCH", path, { metadata: { finalizers: null } }, MERGE);
    await target().gone(deployment("l"));
    assert.deepEqual([await setsOf("l"), await list(pods(), "l")], [[], []]);
  });
  test("background: the Deployment goes at once, the rest follows", async () => {
    await deploy("m", { replicas: 1 });
    await remove(deployment("m"), "Background");
    assert.equal(await target().find(deployment("m")), undefined);
    await target().until(
      "all is gone",
      async () => [...(await setsOf("m")), ...(await list(pods(), "m"))],
      (left) => left.length === 0,
    );
  });
  test("status is written by itself, and leaves alone what is not its own", async () => {
    await target().must("POST", apps("deployments"), aWorkload("n", { replicas: 0, paused: true }));
    const old = await seen(deployment("n"), ({ status }) => at(status, "observedGeneration") === 1);
    const change = { metadata: { labels: { l: "m" }, annotations: { a: "b" } }, spec: { replicas: 7 } };
    const { metadata, spec } = await target().must("PATCH", `${deployment("n")}/status`, change, MERGE);
    assert.deepEqual([metadata.labels, metadata.annotations?.["a"], spec["replicas"]], [{ app: "n" }, "b", 0]);
    assert.equal(metadata.generation, old.metadata.generation);
  });
  test("a set that is being deleted makes no pods", async () => {
    const body = aWorkload("o", { replicas: 0, template: aTemplate("o", { spec: UNSCHEDULED }) });
    const finalizers = ["example.com/hold"];
    await target().must("POST", apps("replicasets"), { ...body, metadata: { ...body.metadata, finalizers } });
    await remove(set("o"), "Background");
    await edit(set("o"), { replicas: 2 });
    await seen(set("o"), ({ metadata, status }) => at(status, "observedGeneration") === metadata.generation);
    assert.deepEqual(await list(pods(), "o"), []);
    await target().must("PATCH", set("o"), { metadata: { finalizers: null } }, MERGE);
  });
});
