/** What does POST make of what was sent? */
import { toTime } from "../../kube/clock.ts";
import { apiVersionOf, NAMESPACES } from "../../kube/resources.ts";
import type { StoredObject } from "../objects.ts";
import { isMap, withoutNulls } from "../objects.ts";
import { alreadyExists, badRequest, notFound, Refusal } from "../refusal.ts";
import { admitted } from "./admit.ts";
import { cleaned, decoded, withoutBare } from "./decode.ts";
import { owned } from "./owners.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { isDryRun } from "./target.ts";

/** What a generated name ends in. */
const SUFFIX = "bcdfghjklmnpqrstvwxz2456789";

export function create(backend: Backend, target: Target, call: Call): StoredObject {
  const { clock, store, needsNamespaces } = backend;
  const { kind, namespace } = target;
  const { body, user } = call;
  if (!isMap(body) || !isMap(body["metadata"])) throw badRequest("the body of the request is no object");
  const sent = withoutBare(withoutNulls(body["metadata"]));
  const name = sent.name ?? (sent.generateName ? sent.generateName + suffix(clock) : "");
  if (name === "") throw new Refusal(422, "Invalid", "resource name may not be empty");
  if (kind.resource.namespaced && sent.namespace !== undefined && sent.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (needsNamespaces && kind.resource.namespaced) mustTakeContent(backend, target, name);
  if (store.of(kind).get(namespace, name)) throw alreadyExists(kind.resource, name);
  const { deletionTimestamp: _d, deletionGracePeriodSeconds: _g, generation: _n, ...kept } = sent;
  const metadata = {
    ...kept,
    name,
    ...(kind.resource.namespaced ? { namespace } : {}),
    uid: newUid(clock),
    resourceVersion: "",
    creationTimestamp: toTime(clock.nowMs()),
    ...(kind.hasGeneration ? { generation: 1 } : {}),
  };
  const content = decoded(backend, target, cleaned(backend, kind, body), call);
  const whole = { ...content, apiVersion: apiVersionOf(kind.resource), kind: kind.resource.kind, metadata };
  const object = withFinalizers(owned(backend, target, call, { next: whole, old: undefined }), kind.finalizers);
  const prepare = (next: StoredObject) => kind.prepareCreate?.(next) ?? next;
  const prepared = admitted(backend, target, call, { operation: "CREATE", object: prepare(object), prepare });
  if (isDryRun(target)) return unversioned(prepared);
  return store.put({ user, method: "POST", kind, subresource: "", before: undefined, after: prepared, body });
}

/** Refuses what would be new in a namespace that is not there, or is going. */
function mustTakeContent({ store }: Backend, { kind: { resource }, namespace }: Target, name: string): void {
  const found = store.collection(NAMESPACES.plural).get("", namespace);
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const plural = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw new Refusal(403, "Forbidden", `${plural} "${name}" is forbidden: ${why}`, {
    name,
    group: resource.group,
    kind: resource.plural,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  });
}

/** What is not stored has no version. */
function unversioned({ metadata, ...object }: StoredObject): StoredObject {
  const { resourceVersion: _none, ...rest } = metadata;
  return { ...object, metadata: rest } as StoredObject;
}

function withFinalizers(object: StoredObject, more: readonly string[] = []): StoredObject {
  const finalizers = [...new Set([...(object.metadata.finalizers ?? []), ...more])];
  return finalizers.length === 0 ? object : { ...object, metadata: { ...object.metadata, finalizers } };
}

function newUid(clock: Backend["clock"]): string {
  const digits = Array.from({ length: 4 }, () =>
    Math.floor(clock.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-",
  );
}

function suffix(clock: Backend["clock"]): string {
  return Array.from({ length: 5 }, () => SUFFIX[Math.floor(clock.random() * SUFFIX.length)]).join("");
}
