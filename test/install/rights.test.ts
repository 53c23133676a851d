// Does the controller have the rights it uses, and no others? Counted by the API server, in its audit log.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { KubeObject } from "../cluster/kube-api.ts";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { Story } from "../support/e2e/story.ts";
import { CONTROLLER, SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from "./release.ts";
import { type Grant, grantsOf, isGrantFor, type Request, type Rule } from "./rights.ts";

const story = await Story.begin("rights");
const DEPLOYMENT = `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/deployments/${CONTROLLER}`;
const SECRET = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/cloneset-webhook-certificates`;

/** Rights that a good run may leave unused, and why they are needed all the same. */
const SELDOM = [
  // Never a request of its own: the server looks whether we have it when an owner reference blocks deletion.
  "update clonesets/finalizers",
  // A claim is read live when the answer to a write was lost, or when it vanished at that moment.
  "get persistentvolumeclaims",
];

test("what the walkthrough seldom needs: revisions are forgotten", async () => {
  await story.apply(aCloneSet("forgetful", { replicas: 1, spec: { revisionHistoryLimit: 0 } }));
  await story.settled("forgetful", 1, "v1");
  for (const version of ["v2", "v3"]) {
    await story.patchJson("forgetful", setImage(version));
    await story.settled("forgetful", 1, version);
  }
  await story.eventually("one revision", async () => assert.equal((await story.revisions("forgetful")).length, 1));
});

test("… a revision's name is taken by one that is not ours", async () => {
  await story.apply(aCloneSet("again", { replicas: 0 }));
  const [revision] = await story.eventually("a revision", async () => {
    const revisions = await story.revisions("again");
    assert.equal(revisions.length, 1);
    return revisions;
  });
  await story.run("delete", "clone", "again");
  const name = revision?.metadata.name ?? "";
  await story.run("wait", "--for=delete", `controllerrevision/${name}`, "--timeout=180s");
  await story.apply({ apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { name }, revision: 1, data: {} });
  await story.apply(aCloneSet("again", { replicas: 1 }));
  await story.settled("again", 1, "v1");
});

test("… the Secret with the certificates was broken by hand, and is mended", async () => {
  await story.api.patch(SECRET, { data: { "ca.crt": "" } });
  await story.eventually("an authority", async () => {
    const { data } = await story.api.get<{ data: Record<string, string> }>(SECRET);
    assert.notEqual(data["ca.crt"], "");
  });
  // The API server believes the new authority, too.
  await story.eventually("the webhook to answer", () => story.apply(aCloneSet("checked", { replicas: 0 })));
});

test("no request was refused for lack of a right", async () => {
  const made = await requests({ sinceMs: await installedMs() });
  const refused = made.filter(({ code, message }) => code === 403 && !isUnavoidable(message));
  assert.deepEqual([...new Set(refused.map(({ verb, resource, message }) => `${verb} ${resource}: ${message}`))], []);
});

test("no right is granted that was not used", async () => {
  const made = (await requests()).filter(({ code }) => code !== 403);
  const unused = (await grants()).filter((grant) => !made.some((request) => isGrantFor(grant, request)));
  assert.deepEqual(
    unused.map(({ text }) => text).filter((text) => !SELDOM.includes(text)),
    [],
  );
});

test("Secrets: one, in its own namespace, and never a list", async () => {
  const secrets = (await requests()).filter(({ resource }) => resource === "secrets");
  assert.ok(secrets.length > 0);
  assert.deepEqual(
    [...new Set(secrets.map(({ namespace, name }) => `${namespace}/${name}`))],
    [`${SYSTEM_NAMESPACE}/cloneset-webhook-certificates`],
  );
});

/** Both are said with 403, and neither is about rights. */
function isUnavoidable(message: string): boolean {
  return (
    message.includes("because it is being terminated") ||
    // For some seconds after the CustomResourceDefinition was made, the server's admission does not know of it.
    message.includes("cannot find RESTMapping")
  );
}

/** When these controllers were installed. Others were uninstalled before, and helm took their roles away while they still ran. */
async function installedMs(): Promise<number> {
  const { metadata } = await story.api.get<KubeObject>(DEPLOYMENT);
  return Date.parse(metadata.creationTimestamp ?? "");
}

/** What controllers have asked of the API server. */
async function requests({ sinceMs = 0 } = {}): Promise<Request[]> {
  const { auditLog } = story.setting;
  if (auditLog === undefined) throw new Error("Cannot count rights: want a cluster with an audit log (--audit)");
  // What follows the last line break is being written.
  const lines = (await readFile(auditLog, "utf8")).split("\n").slice(0, -1);
  const ours = lines.filter((line) => line.includes(SERVICE_ACCOUNT));
  return ours.flatMap((line) => {
    const { verb, user, objectRef = {}, responseStatus = {}, stageTimestamp } = JSON.parse(line) as Audited;
    if (user.username !== SERVICE_ACCOUNT || Date.parse(stageTimestamp) < sinceMs) return [];
    const { apiGroup = "", resource = "", subresource, namespace = "", name = "" } = objectRef;
    const full = subresource === undefined ? resource : `${resource}/${subresource}`;
    const { code = 0, message = "" } = responseStatus;
    return [{ verb, group: apiGroup, resource: full, namespace, name, code, message }];
  });
}

/** Each verb on each resource that a role of ours gives to the controller. */
async function grants(): Promise<Grant[]> {
  const cluster = await bound<Bindings>("clusterrolebindings", "");
  const own = await bound<Bindings>("rolebindings", `namespaces/${SYSTEM_NAMESPACE}/`);
  const rules = await Promise.all(
    [...cluster, ...own].map(async ({ metadata: { namespace = "" }, roleRef: { kind, name } }) => {
      const place = kind === "Role" ? `namespaces/${namespace}/roles` : "clusterroles";
      const role = await story.api.get<{ rules: Rule[] }>(`/apis/rbac.authorization.k8s.io/v1/${place}/${name}`);
      return role.rules.map((rule) => ({ rule, namespace }));
    }),
  );
  const all = rules.flat().flatMap(({ rule, namespace }) => grantsOf(rule, namespace));
  assert.ok(all.length > 20, "the roles of the controller were found");
  return all;
}

async function bound<T extends Bindings>(plural: string, place: string): Promise<T["items"]> {
  const { items } = await story.api.get<T>(`/apis/rbac.authorization.k8s.io/v1/${place}${plural}`);
  const isOurs = ({ kind, name, namespace }: Subject) => `${kind}:${namespace}:${name}` === SUBJECT;
  return items.filter(({ subjects = [] }) => subjects.some(isOurs));
}

const SUBJECT = SERVICE_ACCOUNT.replace("system:serviceaccount", "ServiceAccount");

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

interface Bindings {
  items: {
    metadata: { namespace?: string };
    roleRef: { kind: string; name: string };
    subjects?: Subject[];
  }[];
}

interface Audited {
  stageTimestamp: string;
  verb: string;
  user: { username: string };
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number; message?: string };
}
