import { timeMs } from "../../api/kubernetes.ts";
import type { CloneSetObject } from "../cluster.ts";

interface ManagedFields {
  manager?: string;
  time?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

/** Who wrote a field last, and when, as the server noted it in managedFields. */
export interface ChangedBy {
  manager: string;
  atMs: number;
}

/** `path`: e.g. ["spec", "template"]. Undefined where the server keeps no such notes. */
export function changedBy(object: CloneSetObject, path: readonly string[]): ChangedBy | undefined {
  const entries = (object.metadata as { managedFields?: ManagedFields[] }).managedFields ?? [];
  const writers = entries
    .filter(({ subresource, fieldsV1 }) => !subresource && owns(fieldsV1, path))
    .map(({ manager = "somebody", time }) => ({ manager, atMs: timeMs(time) }))
    .sort((a, b) => b.atMs - a.atMs);
  return writers[0];
}

function owns(fields: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  const inner = (fields as Record<string, unknown> | undefined)?.[`f:${first}`];
  return inner !== undefined && owns(inner, rest);
}
