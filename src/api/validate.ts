import type { CloneSet } from "./cloneset.ts";
import type { Features } from "./features.ts";
import { SpecError } from "./spec-error.ts";

const LABEL_MAX = 63;
/** "-" and the longest hash: ten digits of a 32-bit number. */
const HASH_SUFFIX = 11;

/**
 * What the controller itself checks before it acts, for objects that no schema or webhook has seen.
 *
 * @throws {SpecError} naming the first field that cannot be carried out
 */
export function checkCarriable({ name, spec }: CloneSet, features: Features): void {
  const { selector, template } = spec;
  if (name.length > LABEL_MAX - HASH_SUFFIX && !features.CloneSetShortHash) {
    const wanted = `at most ${LABEL_MAX - HASH_SUFFIX} characters (pods carry the name and a hash in one label), or the feature gate CloneSetShortHash`;
    throw new SpecError("metadata.name", name, wanted);
  }
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0) {
    throw new SpecError("spec.selector", selector, "at least one requirement");
  }
  if (template.spec.containers.length === 0)
    throw new SpecError("spec.template.spec.containers", [], "at least one container");
}
