import type { Members } from "./json.ts";
import { listIn, members, numberIn, objectIn, textEntriesIn, textIn } from "./json.ts";
import { checkNodeTerm, checkSelector } from "./labels.ts";
import type { Findings } from "./problem.ts";
import { dnsLabel, labelValue, qualifiedName } from "./syntax.ts";

const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

/** Where the pods may run. */
export function checkScheduling(spec: Members, at: string, found: Findings): void {
  for (const [key, value] of textEntriesIn(spec, "nodeSelector")) {
    const keyTrouble = qualifiedName(key);
    if (keyTrouble) found.add("node-selector", `${at}.nodeSelector`, key, { wanted: `keys of ${keyTrouble}` });
    const trouble = labelValue(value);
    if (trouble) found.add("node-selector", `${at}.nodeSelector`, value, { wanted: `values of ${trouble}` });
  }
  for (const [i, toleration] of listIn(spec, "tolerations").entries())
    checkToleration(toleration, `${at}.tolerations[${i}]`, found);
  checkSpread(spec, `${at}.topologySpreadConstraints`, found);
  const affinity = objectIn(spec, "affinity");
  if (!affinity) return;
  checkNodeAffinity(affinity["nodeAffinity"], `${at}.affinity.nodeAffinity`, found);
  for (const kind of ["podAffinity", "podAntiAffinity"])
    checkPodAffinity(affinity[kind], `${at}.affinity.${kind}`, found);
}

function checkToleration(toleration: unknown, at: string, found: Findings): void {
  const key = textIn(toleration, "key");
  const operator = textIn(toleration, "operator") ?? "Equal";
  const value = textIn(toleration, "value") ?? "";
  const trouble = key === undefined ? undefined : qualifiedName(key);
  if (trouble) found.add("toleration-key", `${at}.key`, key, { wanted: trouble });
  if (key === undefined && operator !== "Exists") found.add("toleration-operator", `${at}.operator`, operator);
  if (numberIn(toleration, "tolerationSeconds") !== undefined && textIn(toleration, "effect") !== "NoExecute")
    found.add("toleration-seconds", `${at}.effect`, textIn(toleration, "effect") ?? "");
  if (operator === "Exists" && value !== "") found.add("toleration-value", `${at}.operator`, value);
  const valueTrouble = operator === "Equal" ? labelValue(value) : undefined;
  if (valueTrouble) found.add("toleration-value-form", `${at}.operator`, value, { wanted: valueTrouble });
}

function checkSpread(spec: Members, at: string, found: Findings): void {
  const pairs = new Set<string>();
  for (const [i, constraint] of listIn(spec, "topologySpreadConstraints").entries()) {
    const here = `${at}[${i}]`;
    const skew = numberIn(constraint, "maxSkew");
    if (skew !== undefined && skew < 1) found.add("spread-skew", `${here}.maxSkew`, skew);
    const key = textIn(constraint, "topologyKey");
    if (key === undefined) found.add("spread-key", `${here}.topologyKey`);
    const domains = numberIn(constraint, "minDomains");
    const isHard = textIn(constraint, "whenUnsatisfiable") === "DoNotSchedule";
    if (domains !== undefined && (domains < 1 || !isHard))
      found.add("spread-min-domains", `${here}.minDomains`, domains);
    const pair = JSON.stringify([key, textIn(constraint, "whenUnsatisfiable")]);
    if (pairs.has(pair)) found.add("spread-twice", `${here}.{topologyKey, whenUnsatisfiable}`, pair);
    pairs.add(pair);
    checkSelector(members(constraint)["labelSelector"], `${here}.labelSelector`, found);
    refuseLooseKeys(constraint, here, found);
  }
}

function checkNodeAffinity(affinity: unknown, at: string, found: Findings): void {
  const required = objectIn(affinity, REQUIRED);
  if (required) {
    const terms = listIn(required, "nodeSelectorTerms");
    const here = `${at}.${REQUIRED}.nodeSelectorTerms`;
    if (terms.length === 0) found.add("affinity-terms", here);
    for (const [i, term] of terms.entries()) checkNodeTerm(term, `${here}[${i}]`, found);
  }
  for (const [i, preferred] of listIn(affinity, PREFERRED).entries()) {
    const here = `${at}.${PREFERRED}[${i}]`;
    checkWeight(preferred, here, found);
    checkNodeTerm(members(preferred)["preference"], `${here}.preference`, found);
  }
}

function checkPodAffinity(affinity: unknown, at: string, found: Findings): void {
  for (const [i, term] of listIn(affinity, REQUIRED).entries()) checkPodTerm(term, `${at}.${REQUIRED}[${i}]`, found);
  for (const [i, preferred] of listIn(affinity, PREFERRED).entries()) {
    const here = `${at}.${PREFERRED}[${i}]`;
    checkWeight(preferred, here, found);
    checkPodTerm(members(preferred)["podAffinityTerm"], `${here}.podAffinityTerm`, found);
  }
}

function checkPodTerm(term: unknown, at: string, found: Findings): void {
  const key = textIn(term, "topologyKey");
  const trouble = key === undefined ? undefined : qualifiedName(key);
  if (key === undefined) found.add("affinity-topology-key", `${at}.topologyKey`);
  else if (trouble) found.add("affinity-topology-key-form", `${at}.topologyKey`, key, { wanted: trouble });
  checkSelector(members(term)["labelSelector"], `${at}.labelSelector`, found);
  checkSelector(members(term)["namespaceSelector"], `${at}.namespaceSelector`, found);
  for (const [i, namespace] of listIn(term, "namespaces").entries()) {
    const wanted = typeof namespace === "string" ? dnsLabel(namespace) : undefined;
    if (wanted) found.add("affinity-namespace", `${at}.namespaces[${i}]`, namespace, { wanted });
  }
  refuseLooseKeys(term, at, found);
}

function checkWeight(preferred: unknown, at: string, found: Findings): void {
  const weight = numberIn(preferred, "weight") ?? 0;
  if (weight < 1 || weight > 100) found.add("affinity-weight", `${at}.weight`, weight);
}

function refuseLooseKeys(term: unknown, at: string, found: Findings): void {
  if (objectIn(term, "labelSelector")) return;
  for (const member of ["matchLabelKeys", "mismatchLabelKeys"]) {
    if (listIn(term, member).length > 0) found.add("match-label-keys", `${at}.${member}`);
  }
}
