/** What becomes of an object that is deleted: is it gone, or going? */
import { toTime } from "../../kube/clock.ts";
import type { Attempt } from "../admission.ts";
import type { JsonMap, StoredMeta, StoredObject } from "../objects.ts";
import { isMap, isSame } from "../objects.ts";
import { conflict, invalidFor } from "../refusal.ts";
import type { List } from "./list.ts";
import { list } from "./list.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found, isDryRun } from "./target.ts";

interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  dryRun?: string[];
}

const POLICIES: readonly string[] = ["Background", "Foreground", "Orphan"];

/** Deletes what a list would have shown, and answers with that. */
export function deleteCollection(backend: Backend, target: Target, call: Call): List {
  const shown = list(backend, target, call);
  for (const { metadata } of shown.items) {
    const { name, namespace = "" } = metadata;
    deleteOne(backend, { ...target, name, namespace }, call);
  }
  return shown;
}

export function deleteOne(backend: Backend, target: Target, call: Call): StoredObject | JsonMap {
  const { clock, store } = backend;
  const { kind, namespace, name } = target;
  const { body, user, admission } = call;
  const old = found(store, target);
  const options: DeleteOptions = isMap(body) ? body : {};
  mustBePolicy(options.propagationPolicy);
  mustMeet(options.preconditions ?? {}, old.metadata, target);
  const dry = isDryRun(target) || (options.dryRun ?? []).length > 0;
  const attempt: Attempt = {
    operation: "DELETE",
    kind,
    subresource: "",
    namespace,
    name,
    object: undefined,
    old,
    isDryRun: dry,
    user,
    warn: (text) => call.warnings.push(text),
  };
  admission?.mutate(attempt);
  admission?.validate(attempt);
  if (dry) return old;
  const write = { user, method: "DELETE", kind, subresource: "" as const, before: old, body };
  const asked =
    options.gracePeriodSeconds ??
    (target.query.has("gracePeriodSeconds") ? Number(target.query.get("gracePeriodSeconds")) : undefined);
  const grace = kind.graceSeconds?.(old, asked) ?? 0;
  const finalizers = withPropagation(old.metadata.finalizers ?? [], options.propagationPolicy);
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  const isShorter = deletionTimestamp === undefined || grace < (deletionGracePeriodSeconds ?? 0);
  if (grace > 0 || finalizers.length > 0 || kind.isHeld?.(old)) {
    if (!isShorter && isSame(finalizers, old.metadata.finalizers ?? [])) return old;
    const generation = (old.metadata.generation ?? 0) + 1;
    const after = {
      ...(kind.prepareDelete?.(old) ?? old),
      metadata: {
        ...old.metadata,
        ...(finalizers.length > 0 ? { finalizers } : {}),
        ...(isShorter
          ? { deletionTimestamp: toTime(clock.nowMs() + grace * 1000), deletionGracePeriodSeconds: grace }
          : {}),
        ...(old.metadata.generation === undefined || deletionTimestamp !== undefined ? {} : { generation }),
      },
    };
    return store.put({ ...write, after });
  }
  const last = store.remove({ ...write, after: undefined }, old);
  if (kind.answersDeleted) return last;
  return {
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Success",
    details: { name, group: kind.resource.group, kind: kind.resource.plural, uid: old.metadata.uid },
  };
}

function mustBePolicy(policy: string | undefined): void {
  if (policy === undefined || POLICIES.includes(policy)) return;
  const supported = POLICIES.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`;
  const about = { group: "meta.k8s.io", plural: "", kind: "DeleteOptions" };
  throw invalidFor(about, "", [{ reason: "FieldValueNotSupported", field: "propagationPolicy", message }]);
}

function mustMeet(
  { uid, resourceVersion }: { uid?: string; resourceVersion?: string },
  old: StoredMeta,
  { kind: { resource }, name }: Target,
): void {
  if (uid !== undefined && uid !== old.uid) {
    throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== old.resourceVersion) {
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.resourceVersion}`,
    );
  }
}

function withPropagation(finalizers: readonly string[], policy: string | undefined): string[] {
  const others = finalizers.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  if (policy === "Foreground") return [...others, "foregroundDeletion"];
  if (policy === "Orphan") return [...others, "orphan"];
  return policy === undefined ? [...finalizers] : others;
}
