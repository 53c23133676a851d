import { checkHooks, checkProbes, DEFAULT_GRACE_SECONDS } from "./handlers.ts";
import type { Members } from "./json.ts";
import { isObject, listIn, members, numberIn, objectIn, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { checkResources } from "./resources.ts";
import { checkContainerSecurity } from "./security.ts";
import { checkFieldRef, checkKeyRef, checkReferenceName, checkResourceFieldRef, given } from "./sources.ts";
import { descendingPath, dnsLabel, envName, hasBackstep, portName } from "./syntax.ts";

const ENV_SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
const RESTART_POLICIES = ["", "Always", "Never", "OnFailure"];

/** What the rules for containers ask about the pod. */
export interface PodFacts {
  hostNetwork: boolean;
  graceSeconds: number;
  /** Names of the volumes, those of claim templates too, and whether each is a claim. */
  volumes: ReadonlyMap<string, { isClaim: boolean }>;
  /** Names in `resourceClaims`. */
  claimNames: ReadonlySet<unknown>;
}

export function podFacts(spec: Members, volumes: PodFacts["volumes"]): PodFacts {
  return {
    hostNetwork: spec["hostNetwork"] === true,
    graceSeconds: numberIn(spec, "terminationGracePeriodSeconds") ?? DEFAULT_GRACE_SECONDS,
    volumes,
    claimNames: new Set(listIn(spec, "resourceClaims").map((claim) => members(claim)["name"])),
  };
}

/** `containers` and `initContainers`. */
export function checkContainers(spec: Members, at: string, found: Findings, pod: PodFacts): void {
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  if (listIn(spec, "containers").length === 0) found.add("containers-required", `${at}.containers`);
  for (const list of ["containers", "initContainers"] as const) {
    for (const [i, container] of listIn(spec, list).entries()) {
      if (found.isFull) return;
      if (!isObject(container)) continue;
      const here = `${at}.${list}[${i}]`;
      const isInit = list === "initContainers";
      checkContainerName(container, here, found, names);
      checkContainer(container, here, found, pod);
      // Init containers run one after the other, so each has the ports of the node for itself.
      checkPorts(container, here, found, { hostNetwork: pod.hostNetwork, taken: isInit ? new Set() : hostPorts });
      if (isInit && container["restartPolicy"] !== "Always") refuseHooks(container, here, found);
    }
  }
}

function checkContainerName(container: Members, at: string, found: Findings, names: Set<string>): void {
  const name = textIn(container, "name");
  if (name === undefined) {
    found.add("container-name-required", `${at}.name`);
    return;
  }
  const trouble = dnsLabel(name);
  if (trouble) found.add("container-name", `${at}.name`, name, { wanted: trouble });
  if (names.has(name)) found.add("container-name-twice", `${at}.name`, name);
  names.add(name);
}

function checkContainer(container: Members, at: string, found: Findings, pod: PodFacts): void {
  const image = textIn(container, "image");
  if (image === undefined) found.add("image-required", `${at}.image`);
  else if (image !== image.trim()) found.add("image-space", `${at}.image`, image);
  const restartPolicy = container["restartPolicy"];
  if (typeof restartPolicy === "string" && !RESTART_POLICIES.includes(restartPolicy))
    found.add("container-restart-policy", `${at}.restartPolicy`, restartPolicy);
  checkEnv(container, at, found);
  checkMounts(container, at, found, pod);
  checkDevices(container, at, found, pod);
  checkProbes(container, at, found);
  const lifecycle = objectIn(container, "lifecycle");
  if (lifecycle) checkHooks(lifecycle, `${at}.lifecycle`, found, pod);
  checkResources(container["resources"], `${at}.resources`, found, pod.claimNames);
  checkResizePolicy(container, at, found);
  checkContainerSecurity(container["securityContext"], `${at}.securityContext`, found);
}

function refuseHooks(container: Members, at: string, found: Findings): void {
  for (const member of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
    if (objectIn(container, member)) found.add("init-container-hooks", `${at}.${member}`);
  }
}

function checkPorts(
  container: Members,
  at: string,
  found: Findings,
  { hostNetwork, taken }: { hostNetwork: boolean; taken: Set<string> },
): void {
  const names = new Set<string>();
  for (const [i, port] of listIn(container, "ports").entries()) {
    const here = `${at}.ports[${i}]`;
    const name = textIn(port, "name");
    if (name !== undefined) {
      const trouble = portName(name);
      if (trouble) found.add("port-name", `${here}.name`, name, { wanted: trouble });
      else if (names.has(name)) found.add("port-name-twice", `${here}.name`, name);
      names.add(name);
    }
    const number = numberIn(port, "containerPort") ?? 0;
    if (number === 0) found.add("port-required", `${here}.containerPort`);
    else if (!isPort(number)) found.add("port-number", `${here}.containerPort`, number);
    // Zero stands for "none"; in the network of the host it is the container's port.
    const hostPort = numberIn(port, "hostPort") || (hostNetwork ? number : 0);
    if (hostPort === 0) continue;
    if (!isPort(hostPort) && hostPort !== number) found.add("host-port-number", `${here}.hostPort`, hostPort);
    if (hostNetwork && hostPort !== number) found.add("host-network-port", `${here}.hostPort`, hostPort);
    const key = `${textIn(port, "protocol") ?? "TCP"}/${textIn(port, "hostIP") ?? ""}/${hostPort}`;
    if (taken.has(key)) found.add("host-port-twice", `${here}.hostPort`, key);
    taken.add(key);
  }
}

function checkEnv(container: Members, at: string, found: Findings): void {
  const names = new Set<string>();
  for (const [i, variable] of listIn(container, "env").entries()) {
    const here = `${at}.env[${i}]`;
    const name = textIn(variable, "name");
    if (name === undefined) found.add("env-name-required", `${here}.name`);
    else {
      const trouble = envName(name);
      if (trouble) found.add("env-name", `${here}.name`, name, { wanted: trouble });
      if (names.has(name)) found.add("env-twice", here, name);
      names.add(name);
    }
    const source = objectIn(variable, "valueFrom");
    if (!source) continue;
    const kinds = given(source, ENV_SOURCES);
    if (kinds.length > 0 && textIn(variable, "value") !== undefined)
      found.add("env-value-and-source", `${here}.valueFrom`, "");
    else if (kinds.length !== 1) found.add("env-source", `${here}.valueFrom`, "");
    for (const kind of kinds) {
      const there = `${here}.valueFrom.${kind}`;
      if (kind === "fieldRef") checkFieldRef(source[kind], there, found, "env");
      else if (kind === "resourceFieldRef") checkResourceFieldRef(source[kind], there, found, "env");
      else if (kind !== "fileKeyRef") checkKeyRef(source[kind], there, found);
    }
  }
  for (const [i, entry] of listIn(container, "envFrom").entries()) {
    const kinds = given(entry, ["configMapRef", "secretRef"]);
    if (kinds.length !== 1) found.add("env-from-source", `${at}.envFrom`, "");
    for (const kind of kinds) checkReferenceName(members(entry)[kind], `${at}.envFrom[${i}].${kind}`, found);
    const prefix = textIn(entry, "prefix");
    const trouble = prefix === undefined ? undefined : envName(prefix);
    if (trouble) found.add("env-from-prefix", `${at}.envFrom[${i}].prefix`, prefix, { wanted: trouble });
  }
}

function checkMounts(container: Members, at: string, found: Findings, pod: PodFacts): void {
  const paths = new Set<string>();
  const isPrivileged = objectIn(container, "securityContext")?.["privileged"] === true;
  const devices = new Set(listIn(container, "volumeDevices").map((device) => members(device)["name"]));
  for (const [i, mount] of listIn(container, "volumeMounts").entries()) {
    const here = `${at}.volumeMounts[${i}]`;
    const name = textIn(mount, "name");
    if (name === undefined) found.add("mount-name-required", `${here}.name`);
    else if (!pod.volumes.has(name)) found.add("mount-without-volume", `${here}.name`, name);
    if (devices.has(name)) found.add("device-twice", `${here}.name`, name);
    const path = textIn(mount, "mountPath");
    if (path === undefined) found.add("mount-path-required", `${here}.mountPath`);
    else if (paths.has(path)) found.add("mount-path-twice", `${here}.mountPath`, path);
    paths.add(path ?? "");
    for (const member of ["subPath", "subPathExpr"]) {
      const subPath = textIn(mount, member);
      const trouble = subPath === undefined ? undefined : descendingPath(subPath);
      if (trouble) found.add("sub-path", `${at}.volumeMounts.${member}`, subPath, { wanted: trouble });
    }
    if (textIn(mount, "subPath") !== undefined && textIn(mount, "subPathExpr") !== undefined)
      found.add("sub-path-both", `${here}.subPathExpr`, textIn(mount, "subPathExpr"));
    const propagation = textIn(mount, "mountPropagation") ?? "None";
    if (propagation === "Bidirectional" && !isPrivileged)
      found.add("mount-propagation", `${at}.volumeMounts.mountPropagation`);
    const recursive = textIn(mount, "recursiveReadOnly") ?? "Disabled";
    if (recursive !== "Disabled") {
      const why = recursiveTrouble(members(mount)["readOnly"] === true, propagation);
      if (why) found.add("mount-recursive", `${at}.volumeMounts.recursiveReadOnly`, undefined, { why });
    }
  }
}

function recursiveTrouble(isReadOnly: boolean, propagation: string): string | undefined {
  if (!isReadOnly) return "must not be set without readOnly";
  return propagation === "None" ? undefined : "must not be set together with mountPropagation";
}

function checkDevices(container: Members, at: string, found: Findings, pod: PodFacts): void {
  const mounts = listIn(container, "volumeMounts");
  const names = new Set(mounts.map((mount) => members(mount)["name"]));
  const paths = new Set(mounts.map((mount) => members(mount)["mountPath"]));
  for (const [i, device] of listIn(container, "volumeDevices").entries()) {
    const here = `${at}.volumeDevices[${i}]`;
    const name = textIn(device, "name") ?? "";
    const path = textIn(device, "devicePath");
    const volume = pod.volumes.get(name);
    if (volume === undefined) found.add("device-without-volume", `${here}.name`, name);
    else if (!volume.isClaim) found.add("device-volume", `${here}.name`, name);
    if (names.has(name)) found.add("device-twice", `${here}.name`, name);
    if (path === undefined) found.add("device-path", `${here}.devicePath`);
    else if (paths.has(path)) found.add("device-twice", `${here}.devicePath`, path);
    else if (hasBackstep(path)) found.add("device-path-form", `${here}.devicePath`, path);
    names.add(name);
    paths.add(path);
  }
}

function checkResizePolicy(container: Members, at: string, found: Findings): void {
  const seen = new Set<unknown>();
  for (const [i, policy] of listIn(container, "resizePolicy").entries()) {
    const here = `${at}.resizePolicy[${i}]`;
    const { resourceName, restartPolicy } = members(policy) as { resourceName?: unknown; restartPolicy?: unknown };
    if (resourceName !== "cpu" && resourceName !== "memory")
      found.add("resize-policy", `${here}.resourceName`, resourceName ?? "", { wanted: "cpu or memory" });
    if (restartPolicy !== "NotRequired" && restartPolicy !== "RestartContainer")
      found.add("resize-policy", `${here}.restartPolicy`, restartPolicy ?? "", {
        wanted: "NotRequired or RestartContainer",
      });
    if (seen.has(resourceName)) found.add("resize-policy-twice", here, resourceName);
    seen.add(resourceName);
  }
}

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}
