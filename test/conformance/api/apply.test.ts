// Server-side apply: who owns which fields, who conflicts with whom, and what goes when nobody applies it any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../../src/kube/transport.ts";
import { APPLY, at, JSON_PATCH, MERGE, type Obj, onEachTarget, STRATEGIC, type Target } from "../target.ts";
import { aPod, aSet, config } from "./objects.ts";

type Owners = Record<string, unknown>;

/** "name operation subresource" → what it owns. */
function owners(object: unknown): Owners {
  const entries = (at(object, "metadata.managedFields") ?? []) as {
    manager: string;
    operation: string;
    subresource?: string;
    fieldsV1: unknown;
  }[];
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, subresource].filter(Boolean).join(" "),
      fieldsV1,
    ]),
  );
}

const LEAF = {};

onEachTarget("server-side apply", (target) => {
  const by = (path: string, manager: string, more = "") => `${path}?fieldManager=${manager}${more}`;
  const apply = (path: string, body: object, manager = "applier", more = "") =>
    target().send("PATCH", by(path, manager, more), body, APPLY);
  const applied = async (path: string, body: object, manager = "applier", more = ""): Promise<Obj> =>
    good(await apply(path, body, manager, more));
  const maps = (name: string) => `${target().core("configmaps")}/${name}`;
  const pods = (name: string) => `${target().core("pods")}/${name}`;
  const sets = (name: string) => `${target().cloneSets}/${name}`;
  const create = (on: Target, plural: string, body: object, manager = "creator") =>
    on.must("POST", by(on.core(plural), manager), body);

  test("it makes what is not there, and says 201", async () => {
    const answer = await apply(maps("made"), config("made", { data: { a: "1" } }));
    assert.equal(answer.status, 201);
    assert.deepEqual(owners(answer.body), { "applier Apply": { "f:data": { "f:a": LEAF } } });
  });
  test("the same again writes nothing", async () => {
    const first = await applied(maps("same"), config("same", { data: { a: "1" } }));
    const again = await applied(maps("same"), config("same", { data: { a: "1" } }));
    assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
  });
  test("a field that is applied no more goes", async () => {
    await applied(maps("less"), config("less", { data: { a: "1", b: "2" } }));
    const left = await applied(maps("less"), config("less", { data: { a: "1" } }));
    assert.deepEqual(left["data"], { a: "1" });
    assert.deepEqual(owners(left), { "applier Apply": { "f:data": { "f:a": LEAF } } });
  });
  test("a map goes with its last field", async () => {
    await applied(maps("none"), config("none", { data: { a: "1" } }));
    const left = await applied(maps("none"), config("none"));
    assert.equal(left["data"], undefined);
    assert.deepEqual(owners(left), {});
  });
  test("a field that another one applies too stays", async () => {
    await applied(maps("shared"), config("shared", { data: { a: "1" } }), "one");
    await applied(maps("shared"), config("shared", { data: { a: "1" } }), "two");
    const left = await applied(maps("shared"), config("shared"), "one");
    assert.deepEqual(left["data"], { a: "1" });
    assert.deepEqual(owners(left), { "two Apply": { "f:data": { "f:a": LEAF } } });
  });
  test("another value for a field of another applier is a conflict", async () => {
    await applied(maps("fight"), config("fight", { data: { a: "1" } }), "one");
    const { status, body } = await apply(maps("fight"), config("fight", { data: { a: "2" } }), "two");
    assert.equal(status, 409);
    assert.equal(at(body, "reason"), "Conflict");
    assert.equal(at(body, "message"), 'Apply failed with 1 conflict: conflict with "one": .data.a');
    assert.deepEqual(at(body, "details"), {
      causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" }],
    });
  });
  test("another value for a field of an updater is a conflict, told with its version", async () => {
    await create(target(), "configmaps", config("fight-2", { data: { a: "1", b: "2" } }));
    const { body } = await apply(maps("fight-2"), config("fight-2", { data: { a: "2", b: "3" } }));
    assert.equal(
      at(body, "message"),
      'Apply failed with 2 conflicts: conflicts with "creator" using v1:\n- .data.a\n- .data.b',
    );
  });
  test("conflicts with several owners are told owner by owner", async () => {
    await applied(maps("fight-3"), config("fight-3", { data: { a: "1" } }), "zoe");
    await applied(maps("fight-3"), config("fight-3", { data: { b: "1" } }), "bob");
    const { body } = await apply(maps("fight-3"), config("fight-3", { data: { a: "2", b: "2" } }));
    assert.equal(
      at(body, "message"),
      'Apply failed with 2 conflicts: conflicts with "bob":\n- .data.b\nconflicts with "zoe":\n- .data.a',
    );
  });
  test("force takes the field", async () => {
    await applied(maps("force"), config("force", { data: { a: "1", b: "1" } }), "one");
    const taken = await applied(maps("force"), config("force", { data: { a: "2" } }), "two", "&force=true");
    assert.deepEqual(taken["data"], { a: "2", b: "1" });
    assert.deepEqual(owners(taken), {
      "one Apply": { "f:data": { "f:b": LEAF } },
      "two Apply": { "f:data": { "f:a": LEAF } },
    });
  });
  test("an update takes the fields it changes, also from an applier", async () => {
    await applied(maps("taken"), config("taken", { data: { a: "1", b: "1" } }));
    const changed = await target().must("PATCH", by(maps("taken"), "editor"), { data: { a: "2" } }, MERGE);
    assert.deepEqual(owners(changed), {
      "applier Apply": { "f:data": { "f:b": LEAF } },
      "editor Update": { "f:data": { "f:a": LEAF } },
    });
    const { body } = await apply(maps("taken"), config("taken", { data: { a: "1", b: "1" } }));
    assert.equal(at(body, "message"), 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a');
  });
  test("an update that removes a field takes it from everybody", async () => {
    await applied(maps("removed"), config("removed", { data: { a: "1", b: "1" } }));
    const changed = await target().must("PATCH", by(maps("removed"), "editor"), { data: { a: null } }, MERGE);
    assert.deepEqual(owners(changed), { "applier Apply": { "f:data": { "f:b": LEAF } } });
  });
  test("an update of the same operation and name is one owner; the user agent is the name if none is given", async () => {
    const path = target().core("configmaps");
    await target().send("POST", path, config("agent", { data: { a: "1" } }), "application/json", {
      "user-agent": "tool/1.2 (x)",
    });
    const changed = await target().send("PATCH", maps("agent"), { data: { b: "1" } }, MERGE, {
      "user-agent": "tool/1.3",
    });
    assert.deepEqual(owners(changed.body), { "tool Update": { "f:data": { ".": LEAF, "f:a": LEAF, "f:b": LEAF } } });
  });
  test("labels, annotations, owners and finalizers are owned one by one", async () => {
    const owner = await create(target(), "configmaps", config("boss"));
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: "boss", uid: owner.metadata.uid };
    const metadata = {
      labels: { l: "1" },
      annotations: { "example.com/n": "1" },
      finalizers: ["example.com/hold"],
      ownerReferences: [reference],
    };
    const made = await applied(maps("meta"), config("meta", { metadata }));
    const { uid } = owner.metadata;
    assert.deepEqual(owners(made)["applier Apply"], {
      "f:metadata": {
        "f:labels": { "f:l": LEAF },
        "f:annotations": { "f:example.com/n": LEAF },
        "f:finalizers": { 'v:"example.com/hold"': LEAF },
        "f:ownerReferences": { [`k:{"uid":"${uid}"}`]: LEAF },
      },
    });
    await target().must("PATCH", maps("meta"), { metadata: { finalizers: null } }, MERGE);
  });
  test("a set has the values of all its appliers", async () => {
    const held = (...finalizers: string[]) => config("set", { metadata: { finalizers } });
    await applied(maps("set"), held("example.com/a"), "one");
    const both = await applied(maps("set"), held("example.com/b"), "two");
    assert.deepEqual(both.metadata.finalizers, ["example.com/a", "example.com/b"]);
    const left = await applied(maps("set"), held(), "one");
    assert.deepEqual(left.metadata.finalizers, ["example.com/b"]);
    await target().must("PATCH", maps("set"), { metadata: { finalizers: null } }, MERGE);
  });
  test("options: a field manager is needed", async () => {
    const { status, body } = await target().send("PATCH", maps("x"), config("x"), APPLY);
    assert.equal(status, 422);
    assert.equal(
      at(body, "message"),
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  });
  test("options: force is for apply alone", async () => {
    const { status, body } = await target().send("PATCH", `${maps("x")}?force=true`, {}, MERGE);
    assert.equal(status, 422);
    assert.match(String(at(body, "message")), /force: Forbidden: may not be specified for non-apply patch$/);
  });
  test("options: a dry run tells what would be, and stores nothing", async () => {
    const answer = await apply(maps("dry"), config("dry", { data: { a: "1" } }), "applier", "&dryRun=All");
    assert.equal(answer.status, 201);
    assert.equal(await target().find(maps("dry")), undefined);
    await applied(maps("dry"), config("dry", { data: { a: "1" } }));
    const would = await applied(maps("dry"), config("dry", { data: { a: "2" } }), "applier", "&dryRun=All");
    assert.deepEqual(would["data"], { a: "2" });
    assert.deepEqual((await target().must("GET", maps("dry")))["data"], { a: "1" });
  });

  const refused: { name: string; body: object; status: number; message: string }[] = [
    { name: "no type", body: { metadata: { name: "r" } }, status: 400, message: "invalid object type: /, Kind=" },
    {
      name: "another kind",
      body: { apiVersion: "v1", kind: "Secret", metadata: { name: "r" } },
      status: 400,
      message: "invalid object type: /v1, Kind=Secret",
    },
    {
      name: "another name",
      body: config("other"),
      status: 400,
      message: "the name of the object (other) does not match the name on the URL (r)",
    },
    {
      name: "owners of its own",
      body: config("r", { metadata: { managedFields: [{ manager: "m" }] } }),
      status: 400,
      message: "metadata.managedFields must be nil",
    },
    {
      name: "a field that the kind does not have",
      body: { ...config("r"), colour: "red" },
      status: 500,
      message: "failed to create typed patch object (/r; /v1, Kind=ConfigMap): .colour: field not declared in schema",
    },
  ];
  for (const { name, body, status, message } of refused) {
    test(`refused: ${name}`, async () => {
      const answer = await apply(maps("r"), body);
      assert.deepEqual([answer.status, at(answer.body, "message")], [status, message]);
    });
  }
  test("refused: an old version", async () => {
    const { metadata } = await applied(maps("old"), config("old", { data: { a: "1" } }));
    await applied(maps("old"), config("old", { data: { a: "2" } }));
    const old = config("old", { metadata: { resourceVersion: metadata.resourceVersion }, data: { a: "3" } });
    const { status, body } = await apply(maps("old"), old);
    assert.deepEqual([status, at(body, "reason")], [409, "Conflict"]);
  });

  test("pods: who creates one owns what was sent and what was defaulted", async () => {
    const ports = [{ containerPort: 80 }];
    const env = [{ name: "A", value: "1" }];
    const pod = await create(target(), "pods", {
      ...aPod("p-1", { ports, env }),
      metadata: { name: "p-1", labels: { a: "b" } },
    });
    assert.deepEqual(owners(pod), {
      "creator Update": {
        "f:metadata": { "f:labels": { ".": LEAF, "f:a": LEAF } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"app"}': {
              ".": LEAF,
              "f:env": { ".": LEAF, 'k:{"name":"A"}': { ".": LEAF, "f:name": LEAF, "f:value": LEAF } },
              "f:image": LEAF,
              "f:imagePullPolicy": LEAF,
              "f:name": LEAF,
              "f:ports": {
                ".": LEAF,
                'k:{"containerPort":80,"protocol":"TCP"}': { ".": LEAF, "f:containerPort": LEAF, "f:protocol": LEAF },
              },
              "f:resources": LEAF,
              "f:terminationMessagePath": LEAF,
              "f:terminationMessagePolicy": LEAF,
            },
          },
          "f:dnsPolicy": LEAF,
          "f:enableServiceLinks": LEAF,
          "f:restartPolicy": LEAF,
          "f:schedulerName": LEAF,
          "f:securityContext": LEAF,
          "f:terminationGracePeriodSeconds": LEAF,
        },
      },
    });
  });
  test("pods: who applies one owns what was applied", async () => {
    const pod = await applied(pods("p-2"), aPod("p-2", { ports: [{ containerPort: 80 }] }));
    assert.deepEqual(owners(pod), {
      "applier Apply": {
        "f:spec": {
          "f:containers": {
            'k:{"name":"app"}': {
              ".": LEAF,
              "f:image": LEAF,
              "f:name": LEAF,
              "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": LEAF, "f:containerPort": LEAF } },
            },
          },
          "f:schedulerName": LEAF,
        },
      },
    });
    assert.equal(at(pod, "spec.dnsPolicy"), "ClusterFirst");
  });
  test("pods: an image that is patched belongs to who patched it", async () => {
    await applied(pods("p-3"), aPod("p-3"));
    const patch = { spec: { containers: [{ name: "app", image: "app:v2" }] } };
    const pod = await target().must("PATCH", by(pods("p-3"), "editor"), patch, STRATEGIC);
    const image = { "f:spec": { "f:containers": { 'k:{"name":"app"}': { "f:image": LEAF } } } };
    assert.deepEqual(owners(pod)["editor Update"], image);
    const { body } = await apply(pods("p-3"), aPod("p-3"));
    const field = '.spec.containers[name="app"].image';
    assert.equal(at(body, "message"), `Apply failed with 1 conflict: conflict with "editor" using v1: ${field}`);
  });
  test("pods: a container of another owner is left alone", async () => {
    const two = {
      spec: {
        schedulerName: "nobody",
        containers: [
          { name: "app", image: "app:v1" },
          { name: "log", image: "log:v1" },
        ],
      },
    };
    await create(target(), "pods", { ...aPod("p-4"), ...two });
    const image = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "log", image: "log:v2" }] } };
    const pod = await applied(pods("p-4"), image, "applier", "&force=true");
    assert.deepEqual([at(pod, "spec.containers.0.image"), at(pod, "spec.containers.1.image")], ["app:v1", "log:v2"]);
    assert.deepEqual(owners(pod)["applier Apply"], {
      "f:spec": { "f:containers": { 'k:{"name":"log"}': { ".": LEAF, "f:image": LEAF, "f:name": LEAF } } },
    });
  });
  test("pods: conditions belong to who wrote them, through the status", async () => {
    await create(target(), "pods", aPod("p-5"));
    const conditions = [{ type: "example.com/ready", status: "True" }];
    const pod = await target().must(
      "PATCH",
      by(`${pods("p-5")}/status`, "gate"),
      { status: { conditions } },
      STRATEGIC,
    );
    assert.deepEqual(owners(pod)["gate Update status"], {
      "f:status": {
        "f:conditions": {
          // The first condition brings the list with it.
          ".": LEAF,
          'k:{"type":"example.com/ready"}': {
            ".": LEAF,
            "f:lastProbeTime": LEAF,
            "f:lastTransitionTime": LEAF,
            "f:status": LEAF,
            "f:type": LEAF,
          },
        },
      },
    });
  });
  test("pods: a field of the spec applied through the status is not owned", async () => {
    await create(target(), "pods", aPod("p-6"));
    const body = {
      ...aPod("p-6"),
      status: { conditions: [{ type: "example.com/ready", status: "True" }] },
    };
    const pod = await applied(`${pods("p-6")}/status`, body, "gate");
    assert.deepEqual(Object.keys(owners(pod)["gate Apply status"] as object), ["f:status"]);
  });
  test("pods: an unknown field of a container is refused by its key", async () => {
    const { status, body } = await apply(pods("p-7"), aPod("p-7", { colour: 1 }));
    assert.equal(status, 500);
    assert.match(
      String(at(body, "message")),
      /: \.spec\.containers\[name="app"\]\.colour: field not declared in schema$/,
    );
  });

  test("CloneSets: who applies one owns what was applied, and defaults belong to nobody", async () => {
    const set = await applied(sets("c-1"), aSet("c-1", { replicas: 2 }));
    assert.deepEqual(owners(set), {
      "applier Apply": {
        "f:spec": {
          "f:replicas": LEAF,
          "f:selector": LEAF,
          "f:template": {
            "f:metadata": { "f:labels": { "f:app": LEAF } },
            "f:spec": {
              "f:containers": { 'k:{"name":"app"}': { ".": LEAF, "f:image": LEAF, "f:name": LEAF } },
              "f:schedulerName": LEAF,
            },
          },
        },
      },
    });
    assert.equal(at(set, "spec.updateStrategy.maxUnavailable"), "20%");
  });
  test("CloneSets: who creates one owns the defaults too", async () => {
    const set = await target().must("POST", by(target().cloneSets, "creator"), aSet("c-2"));
    assert.deepEqual(owners(set), {
      "creator Update": {
        "f:spec": {
          ".": LEAF,
          "f:replicas": LEAF,
          "f:revisionHistoryLimit": LEAF,
          "f:scaleStrategy": LEAF,
          "f:selector": LEAF,
          "f:template": {
            ".": LEAF,
            "f:metadata": { ".": LEAF, "f:labels": { ".": LEAF, "f:app": LEAF } },
            "f:spec": {
              ".": LEAF,
              "f:containers": {
                ".": LEAF,
                'k:{"name":"app"}': { ".": LEAF, "f:image": LEAF, "f:name": LEAF },
              },
              "f:schedulerName": LEAF,
            },
          },
          "f:updateStrategy": {
            ".": LEAF,
            "f:maxSurge": LEAF,
            "f:maxUnavailable": LEAF,
            "f:partition": LEAF,
            "f:type": LEAF,
          },
        },
      },
    });
  });
  test("CloneSets: replicas through scale belong to who scaled", async () => {
    await applied(sets("c-3"), aSet("c-3", { replicas: 2 }));
    await target().must("PATCH", by(`${sets("c-3")}/scale`, "scaler"), { spec: { replicas: 3 } }, MERGE);
    const set = await target().must("GET", sets("c-3"));
    assert.deepEqual(owners(set)["scaler Update scale"], { "f:spec": { "f:replicas": LEAF } });
    const { body } = await apply(sets("c-3"), aSet("c-3", { replicas: 2 }));
    assert.equal(
      at(body, "message"),
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps.kruise.io/v1alpha1: .spec.replicas',
    );
    const left = await applied(sets("c-3"), aSet("c-3"));
    assert.equal(at(left, "spec.replicas"), 3);
  });
  test("CloneSets: the status belongs to who writes it", async () => {
    await applied(sets("c-4"), aSet("c-4"));
    const conditions = [{ type: "Ready", status: "True" }];
    const patch = { status: { readyReplicas: 1, conditions } };
    const set = await target().must("PATCH", by(`${sets("c-4")}/status`, "controller"), patch, MERGE);
    assert.deepEqual(owners(set)["controller Update status"], {
      "f:status": {
        "f:conditions": { ".": LEAF, 'k:{"type":"Ready"}': { ".": LEAF, "f:status": LEAF, "f:type": LEAF } },
        "f:readyReplicas": LEAF,
      },
    });
  });
  test("CloneSets: names to delete are a set", async () => {
    const named = (...podsToDelete: string[]) => aSet("c-5", { scaleStrategy: { podsToDelete } });
    await applied(sets("c-5"), named("a", "b"), "one");
    const both = await applied(sets("c-5"), { ...named("c"), spec: { scaleStrategy: { podsToDelete: ["c"] } } }, "two");
    assert.deepEqual(at(both, "spec.scaleStrategy.podsToDelete"), ["a", "b", "c"]);
    const left = await applied(sets("c-5"), named("b"), "one");
    assert.deepEqual(at(left, "spec.scaleStrategy.podsToDelete"), ["b", "c"]);
  });
  test("CloneSets: the selector is one value", async () => {
    await applied(sets("c-6"), aSet("c-6"));
    const other = { ...aSet("c-6"), spec: { selector: { matchLabels: { app: "c-6", tier: "x" } } } };
    const { body } = await apply(sets("c-6"), other, "two");
    assert.equal(at(body, "message"), 'Apply failed with 1 conflict: conflict with "applier": .spec.selector');
  });
  test("CloneSets: what another one added to an applied container goes with the container", async () => {
    const containers = [
      { name: "app", image: "app:v1" },
      { name: "log", image: "log:v1" },
    ];
    const template = { metadata: { labels: { app: "c-7" } }, spec: { containers } };
    await applied(sets("c-7"), aSet("c-7", { template }));
    const patch = [{ op: "add", path: "/spec/template/spec/containers/1/env", value: [{ name: "A", value: "1" }] }];
    await target().must("PATCH", by(sets("c-7"), "editor"), patch, JSON_PATCH);
    const less = { ...template, spec: { containers: containers.slice(0, 1) } };
    const set = await applied(sets("c-7"), aSet("c-7", { template: less }));
    assert.deepEqual(at(set, "spec.template.spec.containers"), [{ name: "app", image: "app:v1" }]);
  });
  test("CloneSets: containers come in the order that is applied, and those of others stay where they are", async () => {
    const listed = (...names: string[]) =>
      aSet("c-8", {
        template: {
          metadata: { labels: { app: "c-8" } },
          spec: { containers: names.map((name) => ({ name, image: "i:1" })) },
        },
      });
    await applied(sets("c-8"), listed("a", "b", "c"), "one");
    const set = await applied(sets("c-8"), listed("c", "x", "a"), "two");
    const names = (at(set, "spec.template.spec.containers") as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ["b", "c", "x", "a"]);
  });

  test("the first apply on what nobody tracks: everything belongs to before-first-apply", async () => {
    await create(target(), "configmaps", config("lost", { data: { a: "1" } }));
    const forgotten = await target().must(
      "PATCH",
      by(maps("lost"), "editor"),
      { metadata: { managedFields: [{}] } },
      MERGE,
    );
    assert.deepEqual(owners(forgotten), {});
    const still = await target().must("PATCH", by(maps("lost"), "editor"), { data: { b: "1" } }, MERGE);
    assert.deepEqual(owners(still), {});
    const set = await applied(maps("lost"), config("lost", { data: { c: "1" } }));
    assert.deepEqual(owners(set), {
      "applier Apply": { "f:data": { "f:c": LEAF } },
      "before-first-apply Update": { "f:data": { ".": LEAF, "f:a": LEAF, "f:b": LEAF } },
    });
  });
  test("kubectl takes over what it applied on the client's side", async () => {
    const last = config("client", { data: { a: "1" } });
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(last)}\n` };
    await create(
      target(),
      "configmaps",
      config("client", { metadata: { annotations }, data: { a: "1" } }),
      "kubectl-client-side-apply",
    );
    const next = config("client", { data: { a: "2" } });
    const { status } = await apply(maps("client"), next, "applier");
    assert.equal(status, 409);
    const taken = await applied(maps("client"), next, "kubectl");
    const kept = taken.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
    assert.deepEqual(JSON.parse(kept ?? "{}"), next);
  });
  test("of more than ten updaters the oldest are put together", async () => {
    await create(target(), "configmaps", config("many", { data: { d: "1" } }), "m0");
    for (let i = 0; i < 12; i++)
      await target().must("PATCH", by(maps("many"), `m${i}`), { data: { [`d${i}`]: "1" } }, MERGE);
    const { length } = Object.keys(owners(await target().must("GET", maps("many"))));
    assert.equal(length, 10);
    assert.ok("ancient-changes Update" in owners(await target().must("GET", maps("many"))));
  });
});

function good({ status, body }: Answer): Obj {
  assert.ok(status < 300, `${status} ${JSON.stringify(body)}`);
  return body as Obj;
}
