import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";

/** The defaults of admission webhooks. */
export function webhookConfigurationRules(defaults: JsonMap = {}): KindRules {
  return {
    hasGeneration: true,
    prepareCreate: (object) => withDefaults(object, defaults),
    prepareUpdate: (next) => withDefaults(next, defaults),
  };
}

function withDefaults(object: StoredObject, defaults: JsonMap): StoredObject {
  if (!Array.isArray(object["webhooks"])) return object;
  return {
    ...object,
    webhooks: object["webhooks"].map((webhook) => (isMap(webhook) ? full(webhook, defaults) : webhook)),
  };
}

function full(webhook: JsonMap, defaults: JsonMap): JsonMap {
  const clientConfig: JsonMap = isMap(webhook["clientConfig"]) ? webhook["clientConfig"] : {};
  const { service } = clientConfig;
  const rules = Array.isArray(webhook["rules"]) ? webhook["rules"].filter(isMap) : [];
  return {
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    ...defaults,
    ...webhook,
    clientConfig: isMap(service) ? { ...clientConfig, service: { port: 443, ...service } } : clientConfig,
    rules: rules.map((rule) => ({ scope: "*", ...rule })),
  };
}
