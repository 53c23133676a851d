import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIONS } from "../../../deploy/argocd/settings.ts";
import { runLua } from "../../support/argo-lua.ts";

interface Wire {
  spec: {
    replicas?: number;
    template: { spec: { containers: { name: string; env?: { name: string; value: string }[] }[] } };
    updateStrategy?: { paused?: boolean; partition?: number | string };
    scaleStrategy?: { podsToDelete: string[]; disablePVCReuse?: boolean };
  };
}
const aCloneSet = (spec: Partial<Wire["spec"]> = {}): Wire => ({
  spec: { replicas: 5, template: { spec: { containers: [{ name: "app" }] } }, ...spec },
});
const act = async (action: string, cloneSet: Wire, params: Record<string, string> = {}): Promise<Wire> =>
  (await runLua(`actions/${action}.lua`, cloneSet, params)) as Wire;
const offered = async (cloneSet: Wire): Promise<string[]> => {
  const actions = (await runLua("actions/discovery.lua", cloneSet)) as Record<string, { disabled?: boolean }>;
  return Object.keys(actions)
    .filter((name) => actions[name]?.disabled !== true)
    .sort();
};

test("actions: every script is offered, and only scripts that exist", async () => {
  const all = (await runLua("actions/discovery.lua", aCloneSet())) as object;
  assert.deepEqual(Object.keys(all).sort(), ACTIONS);
});

test("actions: what makes sense now", async () => {
  const always = ["restart", "scale", "scale-in"];
  assert.deepEqual(await offered(aCloneSet()), ["pause", ...always]);
  assert.deepEqual(await offered(aCloneSet({ updateStrategy: { partition: "0%" } })), ["pause", ...always]);
  assert.deepEqual(await offered(aCloneSet({ updateStrategy: { partition: 2 } })), [
    ...["pause", "promote", "promote-full"],
    ...always,
  ]);
  assert.deepEqual(await offered(aCloneSet({ updateStrategy: { paused: true } })), [
    ...["promote-full", "restart", "resume"],
    ...["scale", "scale-in"],
  ]);
});

test("actions: pause and resume", async () => {
  assert.equal((await act("pause", aCloneSet())).spec.updateStrategy?.paused, true);
  assert.equal(
    (await act("resume", aCloneSet({ updateStrategy: { paused: true } }))).spec.updateStrategy?.paused,
    false,
  );
});

test("actions: promote", async () => {
  const held = aCloneSet({ updateStrategy: { partition: 4 } });
  assert.equal((await act("promote", held, { partition: "2" })).spec.updateStrategy?.partition, 2);
  assert.equal((await act("promote", held, { partition: "20%" })).spec.updateStrategy?.partition, "20%");
  for (const partition of ["", "some", "-1", "1.5", "20 %"]) {
    await assert.rejects(act("promote", held, { partition }), /partition|stay on old/);
  }
  const full = await act("promote-full", aCloneSet({ updateStrategy: { partition: 4, paused: true } }));
  assert.deepEqual(full.spec.updateStrategy, { partition: 0, paused: false });
});

test("actions: scale", async () => {
  assert.equal((await act("scale", aCloneSet(), { replicas: "8" })).spec.replicas, 8);
  for (const replicas of ["", "-1", "2.5", "many"]) {
    await assert.rejects(act("scale", aCloneSet(), { replicas }), /want a whole number/);
  }
});

test("actions: scale in by name keeps what is listed, and counts each name once", async () => {
  const { spec } = await act(
    "scale-in",
    aCloneSet({ scaleStrategy: { podsToDelete: ["web-a"], disablePVCReuse: true } }),
    {
      pods: "web-b, web-c,web-b web-a",
    },
  );
  assert.deepEqual(spec.scaleStrategy, { podsToDelete: ["web-a", "web-b", "web-c"], disablePVCReuse: true });
  assert.equal(spec.replicas, 3);
  await assert.rejects(act("scale-in", aCloneSet(), { pods: " , " }), /want one or more names/);
  await assert.rejects(act("scale-in", aCloneSet({ replicas: 1 }), { pods: "a,b" }), /2 names, .* only 1 replicas/);
});

test("actions: a restart sets one variable in each container, and keeps the others", async () => {
  const containers = [
    {
      name: "app",
      env: [
        { name: "LEVEL", value: "7" },
        { name: "RESTARTED_AT", value: "then" },
      ],
    },
    { name: "side" },
  ];
  const { spec } = await act("restart", aCloneSet({ template: { spec: { containers } } }));
  const env = spec.template.spec.containers.map((container) => container.env ?? []);
  assert.deepEqual(
    env.map((list) => list.map(({ name }) => name)),
    [["LEVEL", "RESTARTED_AT"], ["RESTARTED_AT"]],
  );
  assert.match(env[1]?.[0]?.value ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});
