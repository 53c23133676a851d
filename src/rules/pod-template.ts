import { checkContainers, podFacts } from "./containers.ts";
import type { Members } from "./json.ts";
import { isObject, listIn, members, objectIn, textIn } from "./json.ts";
import { checkTemplateMetadata } from "./metadata.ts";
import type { Findings } from "./problem.ts";
import { checkOverhead, checkPodResources } from "./resources.ts";
import { checkScheduling } from "./scheduling.ts";
import { checkPodSecurity } from "./security.ts";
import { dnsLabel, dnsSubdomain, ipAddress, qualifiedName, searchDomain } from "./syntax.ts";
import { checkVolumes } from "./volumes.ts";

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_LENGTH_MAX = 2048;

/**
 * What an API server would refuse in the pods of this template, so that it is said at once and not by failed creations later.
 *
 * Absent fields are judged by the defaults that pods get. Fields that this code does not know pass.
 */
export function checkPodTemplate(template: unknown, at: string, found: Findings, claimNames: readonly string[]): void {
  checkTemplateMetadata(members(template)["metadata"], `${at}.metadata`, found);
  const spec = objectIn(template, "spec");
  const here = `${at}.spec`;
  if (!spec) {
    found.add("containers-required", `${here}.containers`);
    return;
  }
  const volumes = checkVolumes(spec, here, found);
  for (const name of claimNames) volumes.set(name, { isClaim: true });
  checkContainers(spec, here, found, podFacts(spec, volumes));
  checkScheduling(spec, here, found);
  checkPodSecurity(spec, here, found);
  checkNames(spec, here, found);
  checkDns(spec, here, found);
  checkGates(spec, here, found);
  checkResourceClaims(spec, here, found);
  checkPodResources(spec["resources"], `${here}.resources`, found);
  checkOverhead(objectIn(spec, "overhead"), `${here}.overhead`, found);
  refuseForWorkloads(spec, here, found);
}

/** What a single pod may have, but not the pods of a workload. */
function refuseForWorkloads(spec: Members, at: string, found: Findings): void {
  const restartPolicy = textIn(spec, "restartPolicy") ?? "Always";
  if (restartPolicy !== "Always") found.add("restart-policy", `${at}.restartPolicy`, restartPolicy);
  if (typeof spec["activeDeadlineSeconds"] === "number") found.add("active-deadline", `${at}.activeDeadlineSeconds`);
  if (listIn(spec, "ephemeralContainers").length > 0) found.add("ephemeral-containers", `${at}.ephemeralContainers`);
}

function checkNames(spec: Members, at: string, found: Findings): void {
  for (const member of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"]) {
    const name = textIn(spec, member);
    const wanted = name === undefined ? undefined : dnsSubdomain(name);
    if (wanted) found.add("object-name", `${at}.${member}`, name, { wanted });
  }
  for (const member of ["hostname", "subdomain"]) {
    const name = textIn(spec, member);
    const wanted = name === undefined ? undefined : dnsLabel(name);
    if (wanted) found.add("host-name", `${at}.${member}`, name, { wanted });
  }
  const os = objectIn(spec, "os");
  const osName = textIn(os, "name") ?? "";
  if (os && osName !== "linux" && osName !== "windows") found.add("os-name", `${at}.os`, osName);
}

function checkDns(spec: Members, at: string, found: Findings): void {
  for (const [i, alias] of listIn(spec, "hostAliases").entries()) {
    const ip = members(alias)["ip"];
    const wanted = typeof ip === "string" ? ipAddress(ip) : undefined;
    if (wanted) found.add("host-alias-ip", `${at}.hostAliases[${i}].ip`, ip, { wanted });
    for (const [j, name] of listIn(alias, "hostnames").entries()) {
      const trouble = typeof name === "string" ? dnsSubdomain(name) : undefined;
      if (trouble) found.add("host-alias-name", `${at}.hostAliases[${i}].hostnames[${j}]`, name, { wanted: trouble });
    }
  }
  const config = objectIn(spec, "dnsConfig");
  const nameservers = listIn(config, "nameservers");
  if (textIn(spec, "dnsPolicy") === "None" && nameservers.length === 0) {
    found.add("dns-none", config ? `${at}.dnsConfig.nameservers` : `${at}.dnsConfig`);
  }
  if (!config) return;
  const here = `${at}.dnsConfig`;
  if (nameservers.length > NAMESERVERS_MAX) found.add("dns-nameservers", `${here}.nameservers`, nameservers);
  for (const [i, server] of nameservers.entries()) {
    const wanted = typeof server === "string" ? ipAddress(server) : undefined;
    if (wanted) found.add("dns-nameserver", `${here}.nameservers[${i}]`, server, { wanted });
  }
  const searches = listIn(config, "searches").filter((search) => typeof search === "string");
  if (searches.length > SEARCHES_MAX || searches.join(" ").length > SEARCH_LENGTH_MAX)
    found.add("dns-searches", `${here}.searches`, searches.length);
  for (const [i, search] of searches.entries()) {
    const wanted = searchDomain(search);
    if (wanted) found.add("dns-search", `${here}.searches[${i}]`, search, { wanted });
  }
  for (const [i, option] of listIn(config, "options").entries()) {
    if (textIn(option, "name") === undefined) found.add("dns-option", `${here}.options[${i}]`);
  }
}

function checkGates(spec: Members, at: string, found: Findings): void {
  for (const [i, gate] of listIn(spec, "readinessGates").entries()) {
    const type = members(gate)["conditionType"];
    const wanted = typeof type === "string" ? qualifiedName(type) : undefined;
    if (wanted) found.add("readiness-gate", `${at}.readinessGates[${i}].conditionType`, type, { wanted });
  }
  const names = new Set<unknown>();
  for (const [i, gate] of listIn(spec, "schedulingGates").entries()) {
    const name = members(gate)["name"];
    const wanted = typeof name === "string" ? qualifiedName(name) : undefined;
    if (wanted) found.add("scheduling-gate", `${at}.schedulingGates[${i}]`, name, { wanted });
    if (names.has(name)) found.add("scheduling-gate-twice", `${at}.schedulingGates[${i}]`, name);
    names.add(name);
  }
}

function checkResourceClaims(spec: Members, at: string, found: Findings): void {
  const names = new Set<unknown>();
  for (const [i, claim] of listIn(spec, "resourceClaims").entries()) {
    if (!isObject(claim)) continue;
    const here = `${at}.resourceClaims[${i}]`;
    const name = claim["name"];
    const wanted = typeof name === "string" ? dnsLabel(name) : undefined;
    if (wanted) found.add("resource-claim-name", `${here}.name`, name, { wanted });
    if (names.has(name)) found.add("resource-claim-twice", `${here}.name`, name);
    names.add(name);
    const sources = ["resourceClaimName", "resourceClaimTemplateName"].filter(
      (member) => typeof claim[member] === "string",
    );
    if (sources.length !== 1) found.add("resource-claim-source", here, name);
  }
}
