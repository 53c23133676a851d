import type { CloneSet } from "./cloneset.ts";
import type { Features } from "./features.ts";
import { matchesSelector } from "./selector.ts";
import { SpecError } from "./spec-error.ts";

/** Of a label's value, in characters. */
export const LABEL_MAX = 63;
/** "-" and the longest hash: ten digits of a 32-bit number. */
const HASH_SUFFIX = 11;
/** A longer name does not fit into the label that says which revision a pod is on. */
export const NAME_MAX = LABEL_MAX - HASH_SUFFIX;

/**
 * What the controller itself checks before it acts, for objects that no schema or webhook has seen. All other rules are in
 * src/rules; these are the ones without which acting would do harm.
 *
 * @throws {SpecError} naming the first field that cannot be carried out
 */
export function checkCarriable({ name, spec }: CloneSet, features: Features): void {
  const { selector, template } = spec;
  if (name.length > NAME_MAX && !features.CloneSetShortHash) {
    const wanted = `at most ${NAME_MAX} characters (pods carry the name and a hash in one label), or the feature gate CloneSetShortHash`;
    throw new SpecError("metadata.name", name, wanted);
  }
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0) {
    throw new SpecError("spec.selector", selector, "at least one requirement");
  }
  // Pods that are not ours once they exist would be created again and again.
  if (!matchesSelector(selector, template.metadata?.labels ?? {})) {
    throw new SpecError(
      "spec.template.metadata.labels",
      template.metadata?.labels ?? {},
      "labels that meet spec.selector",
    );
  }
  if (template.spec.containers.length === 0)
    throw new SpecError("spec.template.spec.containers", [], "at least one container");
}
