/** Deployments and ReplicaSets as the API server takes them in: what it refuses. */
import type { ContentRules } from "./content.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap, isSame } from "./objects.ts";
import { podSpecCauses } from "./pod-content.ts";
import { specOf } from "./pods.ts";
import type { Cause } from "./refusal.ts";
import { invalidValue, missingValue, unsupportedValue } from "./refusal.ts";
import { meetsSelector } from "./selectors.ts";
import { selectorOf, templateOf } from "./workloads.ts";

const NOT_NEGATIVE = "must be greater than or equal to 0";
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

export const replicaSetContent: ContentRules = {
  check: (next, old, subresource) =>
    subresource === "status"
      ? []
      : [...amountCauses(next, ["replicas", "minReadySeconds"]), ...templateCauses(next), ...selectorChange(next, old)],
};

export const deploymentContent: ContentRules = {
  check: (next, old, subresource) =>
    subresource === "status"
      ? []
      : [
          ...amountCauses(next, ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]),
          ...templateCauses(next),
          ...strategyCauses(specOf(next)["strategy"]),
          ...deadlineCauses(specOf(next)),
          ...selectorChange(next, old),
        ],
};

function amountCauses(workload: StoredObject, fields: readonly string[]): Cause[] {
  return fields.flatMap((field) => {
    const amount = specOf(workload)[field];
    return typeof amount === "number" && amount < 0 ? [invalidValue(`spec.${field}`, amount, NOT_NEGATIVE)] : [];
  });
}

function templateCauses(workload: StoredObject): Cause[] {
  const { selector } = specOf(workload);
  const { matchLabels, matchExpressions } = selectorOf(workload);
  const { metadata, spec } = templateOf(workload);
  const { labels } = metadata;
  const isEmpty = matchLabels === undefined && matchExpressions === undefined;
  const mismatch = "`selector` does not match template `labels`";
  const missing = [missingValue("spec.selector")];
  const matchesAll = [invalidValue("spec.selector", {}, "empty selector is invalid for deployment")];
  return [
    ...(selector === undefined ? missing : isEmpty ? matchesAll : []),
    // Nothing matches a selector that is not there.
    ...(selector !== undefined && meetsSelector(selectorOf(workload), labels ?? {})
      ? []
      : [invalidValue("spec.template.metadata.labels", labels ?? null, mismatch)]),
    ...podSpecCauses(spec, "spec.template.spec", ["Always"]),
  ];
}

function strategyCauses(strategy: unknown): Cause[] {
  const { type, rollingUpdate } = (isMap(strategy) ? strategy : {}) as { type?: string; rollingUpdate?: JsonMap };
  const at = "spec.strategy";
  switch (type) {
    case "Recreate": {
      const message = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
      return rollingUpdate ? [{ reason: "FieldValueForbidden", field: `${at}.rollingUpdate`, message }] : [];
    }
    case "RollingUpdate": {
      const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
      const causes = [
        ...countCauses(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable),
        ...countCauses(`${at}.rollingUpdate.maxSurge`, maxSurge),
      ];
      const [unavailable, surge] = [maxUnavailable, maxSurge].map((count) => Number.parseInt(String(count), 10));
      if (causes.length > 0 || unavailable !== 0 || surge !== 0) return causes;
      return [invalidValue(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")];
    }
    case undefined:
    default:
      return [unsupportedValue(at, strategy, ["Recreate", "RollingUpdate"])];
  }
}

/** A number of pods or a percentage. */
function countCauses(field: string, count: unknown): Cause[] {
  if (typeof count === "string" && !/^\d+%$/.test(count)) return [invalidValue(field, count, PERCENT)];
  return typeof count === "number" && count < 0 ? [invalidValue(field, count, NOT_NEGATIVE)] : [];
}

function deadlineCauses({ progressDeadlineSeconds: deadline, minReadySeconds = 0 }: JsonMap): Cause[] {
  if (deadline === undefined || Number(deadline) > Number(minReadySeconds)) return [];
  return [invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")];
}

function selectorChange(next: StoredObject, old: StoredObject | undefined): Cause[] {
  if (old === undefined || isSame(selectorOf(next), selectorOf(old))) return [];
  return [invalidValue("spec.selector", selectorOf(next), "field is immutable")];
}
