import type { Cause } from "./refusal.ts";
import { Refusal } from "./refusal.ts";

const VALIDATIONS = ["", "Ignore", "Strict", "Warn"];
const KINDS: Readonly<Record<string, string>> = {
  POST: "CreateOptions",
  PUT: "UpdateOptions",
  PATCH: "PatchOptions",
  DELETE: "DeleteOptions",
};

/**
 * The options of a write, which are in its query.
 *
 * @throws {Refusal} if one of them has a value that there is not, or does not go with the request
 */
export function checkWriteOptions(method: string, query: URLSearchParams, isApply: boolean): void {
  const kind = KINDS[method];
  if (kind === undefined) return;
  const causes: Cause[] = [];
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) causes.push(unsupported("dryRun", dryRun, ["All"]));
  const validation = query.get("fieldValidation") ?? "";
  if (!VALIDATIONS.includes(validation)) causes.push(unsupported("fieldValidation", validation, VALIDATIONS));
  if (isApply && !query.get("fieldManager"))
    causes.push({
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
      field: "fieldManager",
    });
  if (method === "PATCH" && !isApply && query.has("force"))
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: may not be specified for non-apply patch",
      field: "force",
    });
  refuse(kind, causes);
}

/** The options of a list or a watch. */
export function checkListOptions(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch");
  const version = query.get("resourceVersion") ?? "";
  const isWatch = ["true", "1"].includes(query.get("watch") ?? "");
  const initial = query.get("sendInitialEvents");
  const causes: Cause[] = [];
  const forbid = (field: string, why: string) =>
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });
  if (isWatch && initial !== null) {
    if (match !== "NotOlderThan")
      forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  } else if (initial !== null) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  else if (match !== null) {
    if (isWatch)
      forbid(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      );
    if (version === "")
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!["Exact", "NotOlderThan"].includes(match))
      causes.push(unsupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]));
  }
  refuse("ListOptions", causes);
  if (!/^\d*$/.test(version))
    throw new Refusal(
      400,
      "BadRequest",
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    );
}

function unsupported(field: string, found: unknown, supported: readonly string[]): Cause {
  const list = supported.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(found)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

function refuse(kind: string, causes: readonly Cause[]): void {
  if (causes.length === 0) return;
  const said = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = said.length === 1 ? said[0] : `[${said.join(", ")}]`;
  throw new Refusal(422, "Invalid", `${kind}.meta.k8s.io "" is invalid: ${all}`, {
    group: "meta.k8s.io",
    kind,
    causes: [...causes],
  });
}
