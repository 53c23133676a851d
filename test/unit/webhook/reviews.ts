// What an API server would send, and a webhook to send it to.

import { pino } from "pino";
import { Registry } from "prom-client";
import type { Features } from "../../../src/api/features.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import { realClock } from "../../../src/kube/clock.ts";
import { SchemaCheck } from "../../../src/rules/schema.ts";
import type { Handler } from "../../../webhook/admit.ts";
import { admissionHandlers } from "../../../webhook/admit.ts";
import type { PodLookup } from "../../../webhook/lookup.ts";
import { WebhookMetrics } from "../../../webhook/metrics.ts";

export const silentLog = pino({ level: "silent" });
export const schema = new SchemaCheck();
/** Nobody knows anything about pods. */
export const noPods: PodLookup = { pod: () => Promise.resolve(undefined), podsOf: () => Promise.resolve(undefined) };

export interface ReviewGiven {
  operation?: string;
  object?: unknown;
  oldObject?: unknown;
  resource?: string;
  subResource?: string;
  name?: string;
}

export function review({ operation = "CREATE", object = null, oldObject = null, ...more }: ReviewGiven): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      operation,
      resource: { group: "apps.kruise.io", version: "v1alpha1", resource: more.resource ?? "clonesets" },
      ...(more.subResource ? { subResource: more.subResource } : {}),
      name: more.name ?? "web",
      namespace: "shop",
      userInfo: { username: "somebody" },
      object,
      oldObject,
      dryRun: false,
    },
  };
}

export interface HandlersGiven {
  pods?: PodLookup;
  features?: Partial<Features>;
  registry?: Registry;
  /** Gets every line that is logged as an error. */
  onError?: (line: string) => void;
}

export function handlers(given: HandlersGiven = {}): Record<string, Handler> {
  const { onError } = given;
  return admissionHandlers({
    schema,
    features: { ...featureDefaults, ...given.features },
    pods: given.pods ?? noPods,
    clock: realClock,
    log: onError ? pino({ level: "error" }, { write: onError }) : silentLog,
    metrics: new WebhookMetrics(given.registry ?? new Registry()),
  });
}
