/** The three patch types as functions of plain JSON: nothing that is handed in is changed. */

import type { Resource } from "../kube/resources.ts";
import type { Schema } from "./captured.ts";
import type { JsonMap } from "./objects.ts";
import { isMap, isSame } from "./objects.ts";
import { allSchemas, resolved, schemaName } from "./schemas.ts";

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: JsonMap = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

const DELETE_FROM = "$deleteFromPrimitiveList/";
const ORDER = "$setElementOrder/";

/** A list that a strategic patch merges lacks the field by which its items are told apart. */
export class StrategicPatchError extends Error {}

/**
 * Kubernetes' own: like a merge patch, but lists that the schema says so of are merged by key, and `$patch` says replace or
 * delete.
 *
 * @throws {StrategicPatchError} if an item of such a list has no key
 */
export function strategicPatch(target: unknown, patch: unknown, resource: Resource): unknown {
  const name = schemaName(resource);
  return patchValue(target, patch, name === undefined ? {} : (allSchemas()[name] ?? {}));
}

function patchValue(target: unknown, patch: unknown, schema: Schema): unknown {
  return isMap(patch) ? patchMap(isMap(target) ? target : {}, patch, resolved(schema)) : patch;
}

function memberOf({ properties, additionalProperties }: Schema, name: string): Schema {
  return properties?.[name] ?? (typeof additionalProperties === "object" ? additionalProperties : {});
}

function patchMap(target: JsonMap, patch: JsonMap, schema: Schema): JsonMap {
  if (patch["$patch"] === "delete") return {};
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  const merged: JsonMap = { ...target };
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) {
      const field = key.slice(DELETE_FROM.length);
      const gone: unknown[] = Array.isArray(value) ? value : [];
      const list = merged[field];
      if (Array.isArray(list)) merged[field] = list.filter((item) => !gone.some((other) => isSame(item, other)));
      continue;
    }
    if (key.startsWith("$")) continue;
    const member = memberOf(schema, key);
    if (value === null) delete merged[key];
    else if (Array.isArray(value)) merged[key] = patchList(merged[key], value, { member, order: patch[ORDER + key] });
    else merged[key] = patchValue(merged[key], value, member);
  }
  for (const [key, order] of Object.entries(patch)) {
    // An order without items: only the order changes.
    if (!key.startsWith(ORDER) || Array.isArray(patch[key.slice(ORDER.length)])) continue;
    const field = key.slice(ORDER.length);
    if (Array.isArray(merged[field]))
      merged[field] = patchList(merged[field], [], { member: memberOf(schema, field), order });
  }
  return merged;
}

function patchList(
  target: unknown,
  patch: unknown[],
  { member, order }: { member: Schema; order: unknown },
): unknown[] {
  const old: unknown[] = Array.isArray(target) ? target : [];
  if (patch.some((item) => isMap(item) && item["$patch"] === "replace")) {
    return patch.filter((item) => !(isMap(item) && item["$patch"] === "replace"));
  }
  if (!member["x-kubernetes-patch-strategy"]?.includes("merge")) return patch;
  const key = member["x-kubernetes-patch-merge-key"];
  // Without a key the list is a set of plain values.
  if (key === undefined) return [...new Set([...old, ...patch])];
  const nameOf = (item: unknown) => (isMap(item) ? item[key] : undefined);
  const nameless = patch.find((item) => nameOf(item) === undefined);
  if (nameless !== undefined)
    throw new StrategicPatchError(`${JSON.stringify(nameless)} does not contain declared merge key: ${key}`);
  const removed = new Set(patch.filter((item) => isMap(item) && item["$patch"] === "delete").map(nameOf));
  const wanted = patch.filter((item) => !(isMap(item) && item["$patch"] === "delete"));
  const byName = new Map(old.map((item) => [nameOf(item), item]));
  const patched = wanted.map((item) => patchValue(byName.get(nameOf(item)), item, member.items ?? {}));
  const names = new Set(patched.map(nameOf));
  const others = old.filter((item) => !names.has(nameOf(item)) && !removed.has(nameOf(item)));
  return inOrder(others, patched, { old: old.map(nameOf), order, nameOf });
}

/** Each untouched item goes before the first patched one that stood behind it; items that are new stay where the patch has them. */
function inOrder(
  untouched: unknown[],
  patched: unknown[],
  given: { old: unknown[]; order: unknown; nameOf: (item: unknown) => unknown },
): unknown[] {
  const { old, order, nameOf } = given;
  const placeOf = (item: unknown) => old.indexOf(nameOf(item));
  let sorted = patched;
  let rest = untouched;
  if (Array.isArray(order)) {
    const rank = (item: unknown) => order.findIndex((entry) => (isMap(entry) ? nameOf(entry) : entry) === nameOf(item));
    sorted = [...patched, ...untouched.filter((item) => rank(item) >= 0)].sort((a, b) => rank(a) - rank(b));
    rest = untouched.filter((item) => rank(item) < 0);
  }
  const result = [...sorted];
  let from = 0;
  for (const item of rest) {
    let at = from;
    while (at < result.length && !(placeOf(result[at]) > placeOf(item))) at += 1;
    result.splice(at, 0, item);
    from = at + 1;
  }
  return result;
}

function withoutDirectives(map: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !key.startsWith("$")));
}

/** A JSON patch cannot be carried out on this object. */
export class JsonPatchError extends Error {}

interface Operation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

/**
 * RFC 6902.
 *
 * @throws {JsonPatchError} if a path does not exist or a test does not hold
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new JsonPatchError("a JSON patch is a list of operations");
  let result = target;
  for (const operation of operations as Operation[]) {
    const path = pointer(operation.path);
    switch (operation.op) {
      case "add":
      case "replace":
        result = put(result, path, operation.value, operation.op === "add");
        break;
      case "remove":
        result = remove(result, path);
        break;
      case "test":
        if (!isSame(read(result, path), operation.value))
          throw new JsonPatchError(`testing path ${operation.path} failed`);
        break;
      case "move":
      case "copy": {
        const from = pointer(operation.from);
        const value = read(result, from);
        result = put(operation.op === "move" ? remove(result, from) : result, path, value, true);
        break;
      }
      case undefined:
      default:
        throw new JsonPatchError(`unexpected kind of operation: ${operation.op}`);
    }
  }
  return result;
}

function pointer(path: string | undefined): string[] {
  if (path === undefined) throw new JsonPatchError("an operation has no path");
  if (path === "") return [];
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(target: unknown, [head, ...rest]: string[]): unknown {
  if (head === undefined) return target;
  const inner = Array.isArray(target) ? (target[Number(head)] as unknown) : isMap(target) ? target[head] : undefined;
  if (inner === undefined) throw new JsonPatchError(`there is nothing at ${head}`);
  return read(inner, rest);
}

function put(target: unknown, [head, ...rest]: string[], value: unknown, isAdd: boolean): unknown {
  if (head === undefined) return value;
  if (Array.isArray(target)) {
    const index = head === "-" ? target.length : Number(head);
    if (!Number.isInteger(index) || index < 0 || index > target.length) throw new JsonPatchError(`no index ${head}`);
    const copy: unknown[] = [...target];
    if (rest.length > 0) copy[index] = put(copy[index], rest, value, isAdd);
    else copy.splice(index, isAdd ? 0 : 1, value);
    return copy;
  }
  if (!isMap(target) || (!(head in target) && (!isAdd || rest.length > 0))) {
    throw new JsonPatchError(`there is nothing at ${head}`);
  }
  return { ...target, [head]: put(target[head], rest, value, isAdd) };
}

function remove(target: unknown, [head, ...rest]: string[]): unknown {
  if (head === undefined) throw new JsonPatchError("the whole object cannot be removed");
  if (Array.isArray(target)) {
    const index = Number(head);
    if (!(index in target)) throw new JsonPatchError(`no index ${head}`);
    const copy: unknown[] = [...target];
    if (rest.length > 0) copy[index] = remove(copy[index], rest);
    else copy.splice(index, 1);
    return copy;
  }
  if (!isMap(target) || !(head in target)) throw new JsonPatchError(`there is nothing at ${head}`);
  const copy = { ...target };
  if (rest.length > 0) copy[head] = remove(copy[head], rest);
  else delete copy[head];
  return copy;
}
