/** How GitOps tools compare what Git holds with what is stored: the comparison only, told anew. */

import { isDeepStrictEqual } from "node:util";
import { mergePatch } from "../../src/sandbox/patch.ts";

type JsonMap = Record<string, unknown>;

const isMap = (value: unknown): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Argo CD's older comparison, for custom resources: a three-way JSON merge patch. What Git says and the object says
 * otherwise is put; what Git once said and says no longer is removed. Lists are replaced as a whole.
 *
 * @returns the paths that the patch would change; [] = in sync
 */
export function threeWayDiff({
  git,
  lastApplied,
  live,
}: {
  git: JsonMap;
  lastApplied: JsonMap;
  live: JsonMap;
}): string[] {
  const patch = merged(changes(live, git), removals(lastApplied, git));
  return pathsThatDiffer(live, mergePatch(live, patch));
}

/** Argo CD's and kubectl's comparison by the server: what is stored against what a dry run of the apply answers. */
export function serverSideDiff({ predicted, live }: { predicted: JsonMap; live: JsonMap }): string[] {
  return pathsThatDiffer(withoutBookkeeping(live), withoutBookkeeping(predicted));
}

function changes(from: JsonMap, to: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(to).flatMap(([key, value]): [string, unknown][] => {
      const was = from[key];
      if (isMap(value) && isMap(was)) {
        const inner = changes(was, value);
        return Object.keys(inner).length > 0 ? [[key, inner]] : [];
      }
      return isDeepStrictEqual(was, value) ? [] : [[key, value]];
    }),
  );
}

function removals(from: JsonMap, to: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(from).flatMap(([key, was]): [string, unknown][] => {
      if (!Object.hasOwn(to, key)) return [[key, null]];
      const value = to[key];
      if (!isMap(was) || !isMap(value)) return [];
      const inner = removals(was, value);
      return Object.keys(inner).length > 0 ? [[key, inner]] : [];
    }),
  );
}

function merged(a: JsonMap, b: JsonMap): JsonMap {
  const both = Object.entries(b).map(([key, value]) => {
    const other = a[key];
    return [key, isMap(other) && isMap(value) ? merged(other, value) : value];
  });
  return { ...a, ...Object.fromEntries(both) };
}

function withoutBookkeeping(object: JsonMap): JsonMap {
  const { managedFields: _m, resourceVersion: _r, generation: _g, ...metadata } = object["metadata"] as JsonMap;
  return { ...object, metadata, status: undefined };
}

function pathsThatDiffer(a: unknown, b: unknown, path = ""): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  if (!isMap(a) || !isMap(b)) return [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => pathsThatDiffer(a[key], b[key], path === "" ? key : `${path}.${key}`));
}
