// What becomes of objects when their owners go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, aConfigMap } from "../objects.ts";
import type { Obj, Target } from "../target.ts";
import { MERGE, onEachTarget } from "../target.ts";

onEachTarget("garbage", (target) => {
  const maps = () => target().core("configmaps");
  const owner = async (name: string, metadata: object = {}) =>
    target().must("POST", maps(), aConfigMap(name, metadata));
  const referenceTo = ({ metadata: { name, uid } }: Obj, more: object = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    name,
    uid,
    ...more,
  });
  const dependent = (api: Target, name: string, ownerReferences: object[], metadata: object = {}) =>
    api.must("POST", maps(), aConfigMap(name, { ownerReferences, ...metadata }));
  const remove = (api: Target, name: string, propagationPolicy?: string) =>
    api.must("DELETE", `${maps()}/${name}`, propagationPolicy ? { propagationPolicy } : undefined);

  test("background: the owner goes at once, what it owned follows", async () => {
    const api = target();
    await dependent(api, "a-child", [referenceTo(await owner("a"))]);
    await remove(api, "a", "Background");
    assert.equal(await api.find(`${maps()}/a`), undefined);
    await api.gone(`${maps()}/a-child`);
  });
  test("without a policy it is the background", async () => {
    const api = target();
    await dependent(api, "b-child", [referenceTo(await owner("b"))]);
    await remove(api, "b");
    assert.equal(await api.find(`${maps()}/b`), undefined);
    await api.gone(`${maps()}/b-child`);
  });
  test("foreground: the owner waits for what blocks it", async () => {
    const api = target();
    const references = [referenceTo(await owner("c"), { blockOwnerDeletion: true })];
    await dependent(api, "c-child", references, { finalizers: ["example.com/hold"] });
    await remove(api, "c", "Foreground");
    const going = await api.must("GET", `${maps()}/c`);
    assert.deepEqual(going.metadata.finalizers, ["foregroundDeletion"]);
    await api.until(
      "the dependent is deleted",
      () => api.must("GET", `${maps()}/c-child`),
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    assert.ok(await api.find(`${maps()}/c`));
    await api.must("PATCH", `${maps()}/c-child`, { metadata: { finalizers: null } }, MERGE);
    await api.gone(`${maps()}/c`);
  });
  test("foreground: the owner does not wait for what does not block it", async () => {
    const api = target();
    await dependent(api, "d-child", [referenceTo(await owner("d"))], { finalizers: ["example.com/hold"] });
    await remove(api, "d", "Foreground");
    await api.gone(`${maps()}/d`);
    await api.must("PATCH", `${maps()}/d-child`, { metadata: { finalizers: null } }, MERGE);
    await api.gone(`${maps()}/d-child`);
  });
  test("foreground: what owns something itself waits for that, too", async () => {
    const api = target();
    const blocking = (one: Obj) => [referenceTo(one, { blockOwnerDeletion: true })];
    const child = await dependent(api, "j-child", blocking(await owner("j")));
    await dependent(api, "j-grandchild", blocking(child), { finalizers: ["example.com/hold"] });
    await remove(api, "j", "Foreground");
    await api.until(
      "the last one is deleted",
      () => api.must("GET", `${maps()}/j-grandchild`),
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    const going = await api.must("GET", `${maps()}/j-child`);
    assert.deepEqual(going.metadata.finalizers, ["foregroundDeletion"]);
    assert.ok(await api.find(`${maps()}/j`));
    await api.must("PATCH", `${maps()}/j-grandchild`, { metadata: { finalizers: null } }, MERGE);
    for (const name of ["j-child", "j"]) await api.gone(`${maps()}/${name}`);
  });
  test("orphan: what was owned stays, without the reference", async () => {
    const api = target();
    await dependent(api, "e-child", [referenceTo(await owner("e"))]);
    await remove(api, "e", "Orphan");
    await api.gone(`${maps()}/e`);
    const { metadata } = await api.must("GET", `${maps()}/e-child`);
    assert.deepEqual([metadata.ownerReferences, metadata.deletionTimestamp], [undefined, undefined]);
  });
  test("one owner of two that is gone leaves the other", async () => {
    const api = target();
    const [one, two] = [await owner("f-1"), await owner("f-2")];
    await dependent(api, "f-child", [referenceTo(one), referenceTo(two)]);
    await remove(api, "f-1");
    const left = await api.until(
      "the reference is gone",
      () => api.must("GET", `${maps()}/f-child`),
      ({ metadata }) => metadata.ownerReferences?.length === 1,
    );
    assert.equal(left.metadata.ownerReferences?.[0]?.uid, two.metadata.uid);
  });
  test("an owner that never was: the object is collected", async () => {
    const api = target();
    const nobody = { apiVersion: "v1", kind: "ConfigMap", name: "g", uid: "00000000-0000-0000-0000-000000000001" };
    await dependent(api, "g-child", [nobody]);
    await api.gone(`${maps()}/g-child`);
  });
  test("an owner of the same name but another uid is none", async () => {
    const api = target();
    const reference = { ...referenceTo(await owner("h")), uid: "00000000-0000-0000-0000-000000000001" };
    await dependent(api, "h-child", [reference]);
    await api.gone(`${maps()}/h-child`);
  });
  test("what an owned object owns goes as well", async () => {
    const api = target();
    const child = await dependent(api, "i-child", [referenceTo(await owner("i"))]);
    await dependent(api, "i-grandchild", [referenceTo(child)]);
    await remove(api, "i", "Background");
    await api.gone(`${maps()}/i-grandchild`);
  });
  test("finalizers hold an owner; until then nothing of it is collected", async () => {
    const api = target();
    const held = await owner("j", { finalizers: ["example.com/hold"] });
    await dependent(api, "j-child", [referenceTo(held)]);
    await remove(api, "j", "Background");
    assert.ok((await api.must("GET", `${maps()}/j`)).metadata.deletionTimestamp);
    assert.equal((await api.must("GET", `${maps()}/j-child`)).metadata.deletionTimestamp, undefined);
    await api.must("PATCH", `${maps()}/j`, { metadata: { finalizers: null } }, MERGE);
    await api.gone(`${maps()}/j-child`);
  });
  test("a CloneSet owns like anything else", async () => {
    const api = target();
    const { metadata } = await api.must("POST", api.cloneSets, aCloneSet("k"));
    const reference = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "k", uid: metadata.uid };
    await dependent(api, "k-child", [{ ...reference, controller: true, blockOwnerDeletion: true }]);
    await api.must("DELETE", `${api.cloneSets}/k`, { propagationPolicy: "Foreground" });
    await api.gone(`${maps()}/k-child`);
    await api.gone(`${api.cloneSets}/k`);
  });
  test("two owners that say controller are one too many", async () => {
    const api = target();
    const [one, two] = [await owner("l-1"), await owner("l-2")];
    const ownerReferences = [referenceTo(one, { controller: true }), referenceTo(two, { controller: true })];
    const answer = await api.send("POST", maps(), aConfigMap("l-child", { ownerReferences }));
    assert.equal(answer.status, 422);
  });
  test("an unknown policy is refused", async () => {
    const api = target();
    await owner("m");
    const answer = await api.send("DELETE", `${maps()}/m`, { propagationPolicy: "Never" });
    assert.equal(answer.status, 422);
  });
});
