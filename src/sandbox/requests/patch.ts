/** What becomes of an object that is patched? */
import type { Kind } from "../kind-rules.ts";
import type { StoredObject } from "../objects.ts";
import { isMap } from "../objects.ts";
import { jsonPatch, mergePatch, strategicPatch } from "../patch.ts";
import { badRequest, Refusal, unsupportedMediaType } from "../refusal.ts";
import { cleaned } from "./decode.ts";
import type { ApiRequest, Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found } from "./target.ts";
import { update } from "./update.ts";

const STRATEGIC = "application/strategic-merge-patch+json";
const OF_CUSTOM_KINDS = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

export function patch(backend: Backend, target: Target, call: Call): StoredObject {
  const { kind } = target;
  const old = found(backend.store, target);
  if (kind.isCustom && call.headers["content-type"]?.startsWith(STRATEGIC)) throw unsupportedMediaType(OF_CUSTOM_KINDS);
  const sent = patched(old, call, kind, (body) => cleaned(backend, kind, body));
  return update(backend, target, call, sent, old);
}

/** @throws {Refusal} if the patch cannot be understood */
export function patched(
  old: StoredObject,
  { headers, body }: ApiRequest,
  { resource }: Kind,
  clean: (patched: unknown) => unknown,
): unknown {
  const type = headers["content-type"]?.split(";")[0];
  checkPatch(type, body);
  switch (type) {
    case "application/merge-patch+json":
      return clean(mergePatch(old, body));
    case STRATEGIC:
      return strategicPatch(old, body, resource);
    case "application/json-patch+json":
      return clean(jsonPatch(old, body));
    case undefined:
    default:
      throw new Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
}

/** @throws {Refusal} if a patch of this type cannot look like that */
function checkPatch(type: string | undefined, body: unknown): void {
  if (type === "application/json-patch+json") {
    if (Array.isArray(body)) return;
    throw badRequest(`error decoding patch: ${goType(body)} []handlers.jsonPatchOp`);
  }
  if (isMap(body)) return;
  const said = `${goType(body)} map[string]interface {}`;
  throw badRequest(type === STRATEGIC ? said : `error decoding patch: ${said}`);
}

function goType(body: unknown): string {
  const type = Array.isArray(body) ? "array" : typeof body;
  return `json: cannot unmarshal ${type} into Go value of type`;
}
