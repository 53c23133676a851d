import type { Members } from "./json.ts";
import { listIn, numberIn, objectIn, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { descendingPath, sysctlName } from "./syntax.ts";

const ID_MAX = 2 ** 31 - 1;

/** `securityContext` of the pod, and what else decides how far pods are walled off. */
export function checkPodSecurity(spec: Members, at: string, found: Findings): void {
  const context = objectIn(spec, "securityContext") ?? {};
  const here = `${at}.securityContext`;
  checkIds(context, here, found, ["runAsUser", "runAsGroup", "fsGroup"]);
  for (const [i, group] of listIn(context, "supplementalGroups").entries()) {
    if (typeof group === "number" && !isId(group)) found.add("id-negative", `${here}.supplementalGroups[${i}]`, group);
  }
  const names = new Set<string>();
  for (const [i, sysctl] of listIn(context, "sysctls").entries()) {
    const name = textIn(sysctl, "name");
    const trouble = name === undefined ? undefined : sysctlName(name);
    if (name === undefined) found.add("sysctl-required", `${here}.sysctls[${i}].name`);
    else if (trouble) found.add("sysctl", `${here}.sysctls[${i}].name`, name, { wanted: trouble });
    else if (names.has(name)) found.add("sysctl-twice", `${here}.sysctls[${i}].name`, name);
    names.add(name ?? "");
  }
  checkProfiles(context, here, found);
  if (spec["shareProcessNamespace"] === true && spec["hostPID"] === true)
    found.add("host-pid", `${at}.shareProcessNamespace`, true);
  if (spec["hostUsers"] === false) {
    for (const member of ["hostNetwork", "hostPID", "hostIPC"]) {
      if (spec[member] === true) found.add("host-users", `${at}.${member}`);
    }
  }
}

/** `securityContext` of a container. */
export function checkContainerSecurity(value: unknown, at: string, found: Findings): void {
  const context = objectIn({ value }, "value");
  if (!context) return;
  checkIds(context, at, found, ["runAsUser", "runAsGroup"]);
  checkProfiles(context, at, found);
  if (context["allowPrivilegeEscalation"] !== false) return;
  if (context["privileged"] === true) found.add("privilege-escalation", at, undefined, { why: "privileged" });
  if (listIn(objectIn(context, "capabilities"), "add").includes("CAP_SYS_ADMIN"))
    found.add("privilege-escalation", at, undefined, { why: "given CAP_SYS_ADMIN" });
}

function checkIds(context: Members, at: string, found: Findings, names: readonly string[]): void {
  for (const name of names) {
    const id = numberIn(context, name);
    if (id !== undefined && !isId(id)) found.add("id-negative", `${at}.${name}`, id);
  }
}

function isId(id: number): boolean {
  return id >= 0 && id <= ID_MAX;
}

function checkProfiles(context: Members, at: string, found: Findings): void {
  for (const name of ["seccompProfile", "appArmorProfile"]) {
    const profile = objectIn(context, name);
    if (!profile) continue;
    const here = `${at}.${name}.localhostProfile`;
    const path = profile["localhostProfile"];
    const isLocal = profile["type"] === "Localhost";
    if (isLocal && textIn(profile, "localhostProfile") === undefined) found.add("profile-path-required", here);
    if (!isLocal && typeof path === "string") found.add("profile-path-extra", here, path);
    const trouble = isLocal && name === "seccompProfile" && typeof path === "string" ? descendingPath(path) : undefined;
    if (trouble) found.add("profile-path", here, path, { wanted: trouble });
  }
}
