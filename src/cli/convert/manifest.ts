import { API_VERSION, KIND } from "../../api/constants.ts";
import { members, objectIn } from "../../rules/json.ts";
import type { Converted } from "./clone-set.ts";
import { toV1alpha1, V1BETA1 } from "./clone-set.ts";

/** Where autoscalers of all sorts name what they scale. */
const REFERENCES = ["scaleTargetRef", "targetRef"];

/** Any manifest: CloneSets are converted, references to them follow, everything else stays as it is. */
export function converted(object: Record<string, unknown>): Converted {
  if (object["kind"] === KIND && object["apiVersion"] === V1BETA1) return toV1alpha1(object);
  const spec = objectIn(object, "spec");
  const name = REFERENCES.find((one) => {
    const { kind, apiVersion } = members(objectIn(spec, one));
    return kind === KIND && apiVersion === V1BETA1;
  });
  if (name === undefined) return { object, notes: [] };
  const reference = { ...objectIn(spec, name), apiVersion: API_VERSION };
  return {
    object: { ...object, spec: { ...spec, [name]: reference } },
    notes: [`spec.${name}.apiVersion: ${V1BETA1} became ${API_VERSION}`],
  };
}
