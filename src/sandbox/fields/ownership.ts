/** Keeps `metadata.managedFields` through the writes of the API server. */

import { apiVersionOf } from "../../kube/resources.ts";
import type { Kind, Subresource } from "../kind-rules.ts";
import type { JsonMap, StoredObject } from "../objects.ts";
import { isMap, withoutNulls } from "../objects.ts";
import { Refusal } from "../refusal.ts";
import type { FieldSet } from "./field-set.ts";
import { difference, isEmpty, NOTHING, setOf } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { typeOfKind } from "./field-type.ts";
import { compare, fieldsOf, undeclared } from "./fields.ts";
import { fromManagedFields, isReset, toManagedFields } from "./managed-fields.ts";
import type { Identity, Manager } from "./managers.ts";
import { afterApply, afterUpdate, beforeFirstApply, conflictCauses, conflictMessage } from "./managers.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** Applies in the name of this one take over what it applied on the client's side before. */
const KUBECTL = "kubectl";

export interface Writing {
  kind: Kind;
  subresource: Subresource;
  /** The field manager. */
  name: string;
  time: string;
}

interface Typing {
  type: FieldType;
  /** Custom kinds have only the fields that were set. */
  implies: boolean;
  apiVersion: string;
}

/** The new object with its owners, after a creation (no `old`) or an update. */
export function ownedAfterUpdate(next: StoredObject, old: StoredObject | undefined, writing: Writing): StoredObject {
  const typing = typingOf(writing.kind);
  const before = old === undefined ? emptyOf(next) : unmanaged(old);
  const isUnmanaged = old !== undefined && !old.metadata.managedFields?.length;
  const managers = managersOf(next, old, writing.subresource);
  // Who was told to forget owners keeps none until somebody applies.
  if (isUnmanaged && managers.length === 0) return withManagers(next, []);
  const comparison = compare(before, unmanaged(next), typing.type, typing.implies);
  const by = identity("Update", writing, typing);
  return withManagers(next, afterUpdate(managers, comparison, by, { time: writing.time, ignored: ignoredIn(writing) }));
}

/** What `old` (none = creation) becomes with a configuration applied. The same object if that changes nothing. */
export function ownedAfterApply(
  config: JsonMap,
  old: StoredObject | undefined,
  writing: Writing & { force: boolean },
): StoredObject {
  const typing = typingOf(writing.kind);
  const { time, force } = writing;
  const stranger = undeclared(config, typing.type);
  if (stranger !== undefined) {
    const { namespace = "", name = "" } = (config["metadata"] ?? {}) as { namespace?: string; name?: string };
    const { group, version, kind } = writing.kind.resource;
    const what = `${namespace}/${name}; ${group}/${version}, Kind=${kind}`;
    throw new Refusal(
      500,
      "",
      `failed to create typed patch object (${what}): ${stranger}: field not declared in schema`,
    );
  }
  const live = old === undefined ? emptyOf(config) : unmanaged(old);
  const known = fromManagedFields(old?.metadata.managedFields);
  const managers = known ?? (old ? beforeFirstApply(live, emptyOf(config), { ...typing, time }) : []);
  const by = identity("Apply", writing, typing);
  const given = { ...typing, time, ignored: ignoredIn(writing) };
  let applied = afterApply(live, config, managers, by, { ...given, force });
  if (Array.isArray(applied)) {
    const taken = writing.name === KUBECTL && old ? appliedByClient(old, typing) : NOTHING;
    const conflicts = applied
      .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, taken) }))
      .filter(({ fields }) => !isEmpty(fields));
    if (conflicts.length > 0)
      throw new Refusal(409, "Conflict", conflictMessage(conflicts), { causes: conflictCauses(conflicts) });
    applied = afterApply(live, config, managers, by, { ...given, force: true });
    if (Array.isArray(applied)) throw new Error("a forced apply has no conflicts");
  }
  const object = withManagers(withoutNulls(applied.object) as StoredObject, applied.managers);
  return writing.name === KUBECTL && old ? withLastApplied(object, old, config) : object;
}

function typingOf({ resource, isCustom = false }: Kind): Typing {
  return { type: typeOfKind(resource), implies: !isCustom, apiVersion: apiVersionOf(resource) };
}

function identity(operation: "Apply" | "Update", { name, subresource }: Writing, { apiVersion }: Typing): Identity {
  return { name, operation, apiVersion, subresource };
}

/** A client may hand in owners; one that hands in none has not heard of them. */
function managersOf(next: StoredObject, old: StoredObject | undefined, subresource: Subresource): Manager[] {
  const sent = next.metadata.managedFields;
  if (subresource === "" && isReset(sent)) return [];
  const stored = old?.metadata.managedFields;
  return (subresource === "" ? fromManagedFields(sent) : undefined) ?? fromManagedFields(stored) ?? [];
}

const STATUS = setOf(["f:status"]);
const SPEC = setOf(["f:spec"]);
const SPEC_AND_METADATA = setOf(["f:spec"], ["f:metadata"]);

/** What a request of this kind does not write, whatever it says. */
function ignoredIn({ kind, subresource }: Writing): FieldSet {
  if (!kind.subresources?.includes("status")) return NOTHING;
  if (subresource === "status") return kind.isCustom ? SPEC_AND_METADATA : SPEC;
  return STATUS;
}

function emptyOf({ apiVersion, kind }: JsonMap): JsonMap {
  return { apiVersion, kind };
}

function unmanaged(object: StoredObject): JsonMap {
  const { managedFields: _owners, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withManagers(object: StoredObject, managers: readonly Manager[]): StoredObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  const managedFields = toManagedFields(managers);
  return { ...object, metadata: { ...metadata, ...(managedFields.length > 0 ? { managedFields } : {}) } };
}

/** Fields that are as `kubectl apply` on the client's side left them. */
function appliedByClient(live: StoredObject, { type }: Typing): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return NOTHING;
  const last: unknown = JSON.parse(text);
  if (!isMap(last)) return NOTHING;
  const { added, modified, removed } = compare(last, unmanaged(live), type, false);
  return [added, modified, removed].reduce(difference, fieldsOf(last, type));
}

/** Who goes back to applying on the client's side finds there what was applied last. */
function withLastApplied(object: StoredObject, old: StoredObject, config: JsonMap): StoredObject {
  const { annotations } = object.metadata;
  if (old.metadata.annotations?.[LAST_APPLIED] === undefined || annotations?.[LAST_APPLIED] === undefined)
    return object;
  const text = JSON.stringify(withoutLastApplied(config));
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${text}\n` } },
  };
}

function withoutLastApplied(config: JsonMap): JsonMap {
  const { metadata } = config;
  if (!isMap(metadata) || !isMap(metadata["annotations"])) return config;
  const { [LAST_APPLIED]: _last, ...annotations } = metadata["annotations"];
  return { ...config, metadata: { ...metadata, annotations } };
}
