/** Values taken from elsewhere: fields of the pod, its resources, config maps and secrets. */

import { members, objectIn, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { configKey, qualifiedName } from "./syntax.ts";

const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const VOLUME_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "metadata.labels",
  "metadata.annotations",
];
const RESOURCES = new Set(
  ["limits", "requests"].flatMap((list) => ["cpu", "memory", "ephemeral-storage"].map((name) => `${list}.${name}`)),
);

/** `fieldRef`, in an env variable or in a volume. */
export function checkFieldRef(reference: unknown, at: string, found: Findings, where: "env" | "volume"): void {
  const path = textIn(reference, "fieldPath");
  const fields = where === "env" ? ENV_FIELDS : VOLUME_FIELDS;
  if (path === undefined) {
    found.add("field-path-required", `${at}.fieldPath`);
    return;
  }
  const [, map, key] = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path) ?? [];
  const isFine =
    map === undefined
      ? fields.includes(path)
      : key !== undefined && qualifiedName(map === "annotations" ? key.toLowerCase() : key) === undefined;
  if (isFine) return;
  const wanted = [...fields, "metadata.labels['KEY']", "metadata.annotations['KEY']"].join(", ");
  found.add("field-path", `${at}.fieldPath`, path, { wanted });
}

/** `resourceFieldRef`, in an env variable or in a volume. */
export function checkResourceFieldRef(reference: unknown, at: string, found: Findings, where: "env" | "volume"): void {
  if (where === "volume" && textIn(reference, "containerName") === undefined)
    found.add("resource-field-container", `${at}.containerName`);
  const resource = textIn(reference, "resource") ?? "";
  const isFine = RESOURCES.has(resource) || /^(limits|requests)\.hugepages-/.test(resource);
  if (!isFine) found.add("resource-field", `${at}.resource`, resource);
}

/** `configMapKeyRef`, `secretKeyRef`. */
export function checkKeyRef(reference: unknown, at: string, found: Findings): void {
  checkReferenceName(reference, at, found);
  const key = textIn(reference, "key");
  const trouble = key === undefined ? undefined : configKey(key);
  if (key === undefined) found.add("reference-key", `${at}.key`);
  else if (trouble) found.add("reference-key-form", `${at}.key`, key, { wanted: trouble });
}

export function checkReferenceName(reference: unknown, at: string, found: Findings): void {
  if (textIn(reference, "name") === undefined) found.add("reference-name", `${at}.name`);
}

/** The kinds of source of which an object has one, as far as it has them. */
export function given(object: unknown, kinds: readonly string[]): string[] {
  return kinds.filter((kind) => objectIn(members(object), kind) !== undefined);
}
