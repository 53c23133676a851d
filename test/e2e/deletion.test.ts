// A deleted CloneSet takes its pods and claims along, or leaves them to be taken in again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuditLog, countBySort } from "../support/e2e/audit-log.ts";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { appContainer, identityOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("deletion");

for (const cascade of ["background", "foreground"]) {
  test(`kubectl delete clone, in the ${cascade}: pods, claims and revisions go`, async () => {
    const name = `gone-${cascade}`;
    const { auditLog } = story.setting;
    const audit = auditLog === undefined ? undefined : await AuditLog.open(auditLog, story.namespace);
    await story.apply(aCloneSet(name, { claims: true }));
    await story.settled(name, 3);
    await story.run("delete", "clone", name, `--cascade=${cascade}`, "--timeout=180s");
    await story.eventually("nothing to be left", async () => {
      const left = [await story.allPods(name), await story.claims(name), await story.revisions(name)];
      assert.deepEqual(
        left.map(({ length }) => length),
        [0, 0, 0],
      );
    });
    const done = ((await audit?.read()) ?? []).filter(({ responseStatus }) => (responseStatus?.code ?? 0) < 300);
    const made = countBySort(done)["create controllerrevisions"];
    assert.equal(made ?? 1, 1, "the controller does not put back what garbage collection takes");
  });
}

test("--cascade=orphan leaves everything, and the CloneSet made anew takes it in", async () => {
  await story.apply(aCloneSet("orphaned", { claims: true }));
  const before = await story.settled("orphaned", 3, "v1");
  const claims = await story.claims("orphaned");
  const revisions = await story.revisions("orphaned");
  await story.run("delete", "clone", "orphaned", "--cascade=orphan");
  await story.remains("everything as it was, without an owner", async () => {
    const pods = await story.allPods("orphaned");
    assert.deepEqual(pods.map(identityOf), before.map(identityOf));
    const left = [...pods, ...(await story.claims("orphaned")), ...(await story.revisions("orphaned"))];
    assert.equal(left.length, 3 + 3 + 1);
    for (const { metadata } of left) assert.equal(metadata.ownerReferences, undefined);
  });

  const watch = await story.watchPods("orphaned", 3);
  await story.apply(aCloneSet("orphaned", { claims: true }));
  const adopted = await story.settled("orphaned", 3, "v1");
  assert.deepEqual(adopted.map(identityOf), before.map(identityOf));
  const { uid } = (await story.cloneSet("orphaned")).metadata;
  await story.eventually("the new CloneSet to own pods, claims and revision", async () => {
    const pods = await story.pods("orphaned");
    const found = [...pods, ...(await story.claims("orphaned")), ...(await story.revisions("orphaned"))];
    assert.equal(found.length, 3 + 3 + 1);
    for (const { metadata } of found) assert.equal(metadata.ownerReferences?.[0]?.uid, uid, metadata.name);
  });
  await watch.end();
  assert.deepEqual(
    [...(await story.claims("orphaned")), ...(await story.revisions("orphaned"))].map(({ metadata }) => metadata.uid),
    [...claims, ...revisions].map(({ metadata }) => metadata.uid),
  );
  for (const pod of adopted) assert.equal(appContainer(pod)?.restartCount, 0);

  // They are pods like any other now.
  await story.patchJson("orphaned", setImage("v2"));
  const after = await story.settled("orphaned", 3, "v2");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});
