/** What a write is pinned to: an object that is not so refuses it. */

import type { JsonMap } from "../../src/sandbox/objects.ts";
import { isMap } from "../../src/sandbox/objects.ts";
import { STATE } from "./truth.ts";

/** Where a JSON patch tests the lifecycle state of a pod. */
export const STATE_TEST = `labels/${STATE.replace("/", "~1")}`;

/** What a patch is pinned to: the metadata that it names, or that its operations test. */
export function pinsOf(body: unknown): JsonMap {
  if (!Array.isArray(body)) return isMap(body) && isMap(body["metadata"]) ? body["metadata"] : {};
  const tests = body.filter(isMap).filter(({ op }) => op === "test");
  return Object.fromEntries(tests.map(({ path, value }) => [String(path).replace("/metadata/", ""), value]));
}

/** The same of a deletion. */
export function preconditionsOf(body: unknown): JsonMap {
  return isMap(body) && isMap(body["preconditions"]) ? body["preconditions"] : {};
}
