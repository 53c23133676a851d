/** Which admission webhooks are asked about a write? */
import type { Attempt } from "./admission.ts";
import type { StoredObject } from "./objects.ts";
import type { LabelSelector } from "./selectors.ts";
import { meetsSelector } from "./selectors.ts";

export interface WebhookRule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

/** One webhook of a configuration, with its defaults. */
export interface Webhook {
  name: string;
  clientConfig: {
    url?: string;
    service?: { namespace: string; name: string; path?: string; port?: number };
    caBundle?: string;
  };
  rules?: WebhookRule[];
  failurePolicy?: string;
  sideEffects?: string;
  timeoutSeconds?: number;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  matchConditions?: { name: string; expression: string }[];
}

/** Conditions that are understood. Any other counts as met. */
const CONDITIONS: Readonly<Record<string, (attempt: Attempt) => boolean>> = {
  "!has(object.metadata.deletionTimestamp)": ({ object }) => object?.metadata.deletionTimestamp === undefined,
};

/** `namespace` = the namespace the object is in, or is itself; undefined for anything else of the whole cluster. */
export function isAsked(webhook: Webhook, attempt: Attempt, namespace: StoredObject | undefined): boolean {
  const { namespaceSelector = {}, objectSelector = {}, matchConditions = [], rules = [] } = webhook;
  const isSelected =
    namespace === undefined
      ? !attempt.kind.resource.namespaced
      : meetsSelector(namespaceSelector, namespace.metadata.labels ?? {});
  // Either form of the object will do: nobody escapes by taking a label away.
  const forms = [attempt.object, attempt.old].filter((form) => form !== undefined);
  return (
    isSelected &&
    rules.some((rule) => ruleCovers(rule, attempt)) &&
    forms.some(({ metadata }) => meetsSelector(objectSelector, metadata.labels ?? {})) &&
    matchConditions.every(({ expression }) => CONDITIONS[expression]?.(attempt) ?? true)
  );
}

function ruleCovers(rule: WebhookRule, { operation, kind: { resource }, subresource }: Attempt): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope = "*" } = rule;
  return (
    oneOf(operations, operation) &&
    oneOf(apiGroups, resource.group) &&
    oneOf(apiVersions, resource.version) &&
    (scope === "*" || scope === (resource.namespaced ? "Namespaced" : "Cluster")) &&
    resources.some((text) => {
      // "pods", "pods/status", "pods/*", "*/status", "*/*"; "*" = every kind, but no subresource.
      const [plural, sub = ""] = text.split("/");
      return (plural === "*" || plural === resource.plural) && (sub === "*" || sub === subresource);
    })
  );
}

function oneOf(listed: readonly string[], value: string): boolean {
  return listed.includes("*") || listed.includes(value);
}
