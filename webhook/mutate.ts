import { defaults } from "../src/api/defaults.ts";
import { isObject } from "../src/rules/json.ts";

export interface PatchOperation {
  op: "add";
  path: string;
  value: unknown;
}

const OF_STRATEGY = {
  type: defaults.updateType,
  partition: defaults.partition,
  maxUnavailable: defaults.maxUnavailable,
  maxSurge: defaults.maxSurge,
};

/**
 * The defaults that a CloneSet lacks. The CRD sets the same ones, so a server that has it leaves nothing to do here, except
 * for `type: ""`, which the API always took for ReCreate. The template is not touched.
 */
export function defaultsPatch(cloneSet: unknown): PatchOperation[] {
  const spec = isObject(cloneSet) ? cloneSet["spec"] : undefined;
  if (!isObject(spec)) return [];
  const patch: PatchOperation[] = [];
  const fill = (object: Record<string, unknown>, path: string, wanted: object): void => {
    for (const [name, value] of Object.entries(wanted)) {
      const given = object[name];
      const isAbsent = given === undefined || given === null || (name === "type" && given === "");
      if (isAbsent) patch.push({ op: "add", path: `${path}/${name}`, value });
    }
  };
  fill(spec, "/spec", { replicas: defaults.replicas, revisionHistoryLimit: defaults.revisionHistoryLimit });
  const strategy = spec["updateStrategy"];
  if (isObject(strategy)) fill(strategy, "/spec/updateStrategy", OF_STRATEGY);
  else fill(spec, "/spec", { updateStrategy: OF_STRATEGY });
  return patch;
}
