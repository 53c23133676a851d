import { X509Certificate } from "node:crypto";
import type { KubeObject } from "../../kube/resources.ts";
import { duration } from "../age.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check, notAllowed } from "./check.ts";

/** The installation's own configurations have this name. */
const NAME = "cloneset-controller";
const SOON_MS = 14 * 24 * 3_600_000;

export interface WebhookConfiguration extends KubeObject {
  webhooks?: {
    name: string;
    failurePolicy?: string;
    clientConfig?: { caBundle?: string };
    rules?: { apiGroups?: string[]; resources?: string[] }[];
  }[];
}

/** `look`: all mutating and validating configurations of the cluster. */
export function judgeWebhooks(look: Look<WebhookConfiguration[]>, nowMs: number): Check[] {
  if (look.kind !== "found") return [notAllowed("webhook", "webhook configurations")];
  const strangers = look.value.filter(({ metadata }) => metadata.name !== NAME).filter(isForCloneSets);
  const found = strangers.map(({ metadata }) => {
    const says = `${metadata.name} judges CloneSets too`;
    return check("webhook", "WARN", says, "if OpenKruise is gone, delete its webhook configurations");
  });
  const ours = look.value.filter(({ metadata }) => metadata.name === NAME).flatMap(({ webhooks = [] }) => webhooks);
  if (ours.length === 0) {
    const says =
      "not installed: the definition's own rules hold, pod templates are not checked and no warnings are given";
    return [...found, check("webhook", "WARN", says, "helm upgrade with webhook.enabled=true")];
  }
  const without = ours.find(({ clientConfig }) => !clientConfig?.caBundle);
  if (without) {
    const effect = without.failurePolicy === "Ignore" ? "it is not asked" : "CloneSets cannot be written";
    const says = `${without.name} has no certificate authority: ${effect}`;
    return [
      ...found,
      check("webhook", "FAIL", says, "kubectl logs deployment/cloneset-controller: it registers itself"),
    ];
  }
  const endMs = Math.min(...ours.map(({ clientConfig }) => lastDay(clientConfig?.caBundle ?? "")));
  if (Number.isNaN(endMs)) return [...found, check("webhook", "FAIL", "its certificate authority cannot be read")];
  const left = endMs - nowMs;
  if (left <= 0) {
    const says = `its certificate authority ended ${duration(-left)} ago`;
    return [...found, check("webhook", "FAIL", says, "kubectl logs deployment/cloneset-controller: it renews itself")];
  }
  const level = left < SOON_MS ? "WARN" : "OK";
  return [...found, check("webhook", level, `registered, its certificate authority is good for ${duration(left)}`)];
}

function isForCloneSets({ webhooks = [] }: WebhookConfiguration): boolean {
  return webhooks.some(({ rules = [] }) =>
    rules.some(({ apiGroups, resources }) => apiGroups?.includes("apps.kruise.io") && resources?.includes("clonesets")),
  );
}

/** A bundle holds the next authority beside the one that ends: the last end counts. NaN if it holds none. */
function lastDay(caBundle: string): number {
  const pem = Buffer.from(caBundle, "base64").toString();
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    const ends = blocks.map((block) => new X509Certificate(block).validToDate.getTime());
    return ends.length === 0 ? Number.NaN : Math.max(...ends);
  } catch {
    return Number.NaN;
  }
}
