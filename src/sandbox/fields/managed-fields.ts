/** Owners of fields as objects carry them: `metadata.managedFields`. */

import { isMap } from "../objects.ts";
import { fromFieldsV1, toFieldsV1 } from "./field-set.ts";
import type { Manager } from "./managers.ts";
import { inOrder } from "./managers.ts";

export interface ManagedFieldsEntry {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  time: string;
  fieldsType: "FieldsV1";
  fieldsV1: object;
  subresource?: string;
}

export function toManagedFields(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return inOrder(managers).map(({ name, operation, apiVersion, time, fields, subresource }) => ({
    manager: name,
    operation,
    apiVersion,
    time,
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(fields),
    ...(subresource === "" ? {} : { subresource }),
  }));
}

/** Undefined if nobody is named, or if it cannot be understood. */
export function fromManagedFields(entries: unknown): Manager[] | undefined {
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  const managers: Manager[] = [];
  for (const entry of entries as unknown[]) {
    if (!isMap(entry) || entry["fieldsType"] !== "FieldsV1" || typeof entry["apiVersion"] !== "string")
      return undefined;
    const { manager, operation, apiVersion, time, fieldsV1, subresource } = entry as unknown as ManagedFieldsEntry;
    if (operation !== "Apply" && operation !== "Update") return undefined;
    managers.push({
      name: manager ?? "",
      operation,
      apiVersion,
      time: time ?? "",
      subresource: subresource ?? "",
      fields: fromFieldsV1(fieldsV1),
    });
  }
  return managers;
}

/** One empty entry is how a client says: forget who owns what. */
export function isReset(entries: unknown): boolean {
  return Array.isArray(entries) && entries.length === 1 && isMap(entries[0]) && Object.keys(entries[0]).length === 0;
}
