import { annotation } from "../api/constants.ts";
import { listIn, textEntriesIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { labelValue, qualifiedName } from "./syntax.ts";

const ANNOTATIONS_MAX_BYTES = 262_144;
/** Finalizers without a domain that Kubernetes itself knows. */
const PLAIN_FINALIZERS: ReadonlySet<string> = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** Labels, annotations and finalizers that every pod will carry. */
export function checkTemplateMetadata(metadata: unknown, at: string, found: Findings): void {
  for (const [key, value] of textEntriesIn(metadata, "labels")) {
    const trouble = qualifiedName(key);
    if (trouble) found.add("label-key", `${at}.labels`, key, { wanted: trouble });
    const valueTrouble = labelValue(value);
    if (valueTrouble) found.add("label-value", `${at}.labels`, value, { wanted: valueTrouble });
  }
  let bytes = 0;
  for (const [key, value] of textEntriesIn(metadata, "annotations")) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    const trouble = qualifiedName(key.toLowerCase());
    if (trouble) found.add("annotation-key", `${at}.annotations`, key, { wanted: trouble });
    if (key === annotation.deletionCost && !isDeletionCost(value))
      found.add("deletion-cost", `${at}.annotations[${key}]`, value);
  }
  if (bytes > ANNOTATIONS_MAX_BYTES) found.add("annotations-too-long", `${at}.annotations`);
  for (const [i, finalizer] of listIn(metadata, "finalizers").entries()) {
    if (typeof finalizer !== "string") continue;
    const trouble = qualifiedName(finalizer);
    const isPlain = !finalizer.includes("/") && !PLAIN_FINALIZERS.has(finalizer);
    if (trouble) found.add("finalizer", `${at}.finalizers`, finalizer, { wanted: trouble });
    else if (isPlain)
      found.add("finalizer", `${at}.finalizers[${i}]`, finalizer, {
        wanted: "a name with a domain, such as example.com/hold",
      });
  }
}

/** Labels and annotations of the CloneSet itself, and its name. The server checks them too; `lint` has no server. */
export function checkOwnMetadata(metadata: unknown, found: Findings): void {
  for (const [key, value] of textEntriesIn(metadata, "labels")) {
    const trouble = qualifiedName(key) ?? labelValue(value);
    if (trouble) found.add("metadata-labels", "metadata.labels", qualifiedName(key) ? key : value, { wanted: trouble });
  }
  for (const [key] of textEntriesIn(metadata, "annotations")) {
    const trouble = qualifiedName(key.toLowerCase());
    if (trouble) found.add("metadata-annotations", "metadata.annotations", key, { wanted: trouble });
  }
}

function isDeletionCost(text: string): boolean {
  return /^(0|-?[1-9]\d{0,9})$/.test(text) && Math.abs(Number(text)) <= 2 ** 31 - (text.startsWith("-") ? 0 : 1);
}
