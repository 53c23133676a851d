import type { Members } from "./json.ts";
import { isObject, listIn, members, numberIn, objectIn, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { checkQuantity } from "./resources.ts";
import { checkFieldRef, checkResourceFieldRef, given } from "./sources.ts";
import { descendingPath, dnsLabel, dnsSubdomain, hasBackstep, volumePath } from "./syntax.ts";

/** Members of each kind of volume that must have a text in them. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  awsElasticBlockStore: ["volumeID"],
  azureDisk: ["diskName", "diskURI"],
  azureFile: ["secretName", "shareName"],
  cinder: ["volumeID"],
  configMap: ["name"],
  csi: ["driver"],
  flexVolume: ["driver"],
  gcePersistentDisk: ["pdName"],
  gitRepo: ["repository"],
  glusterfs: ["endpoints", "path"],
  hostPath: ["path"],
  image: ["reference"],
  iscsi: ["targetPortal", "iqn"],
  nfs: ["server", "path"],
  persistentVolumeClaim: ["claimName"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  quobyte: ["registry", "volume"],
  rbd: ["image"],
  scaleIO: ["gateway", "system", "volumeName"],
  secret: ["secretName"],
  vsphereVolume: ["volumePath"],
};
const KINDS = [
  ...Object.keys(NEEDED),
  "cephfs",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "fc",
  "flocker",
  "projected",
  "storageos",
].sort();
const PROJECTED_KINDS = [
  "secret",
  "configMap",
  "downwardAPI",
  "serviceAccountToken",
  "clusterTrustBundle",
  "podCertificate",
];
const MODE_MAX = 0o777;
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;

/** `volumes`. Answers which volumes there are, and which of them are claims. */
export function checkVolumes(spec: Members, at: string, found: Findings): Map<string, { isClaim: boolean }> {
  const volumes = new Map<string, { isClaim: boolean }>();
  for (const [i, volume] of listIn(spec, "volumes").entries()) {
    if (found.isFull) break;
    const here = `${at}.volumes[${i}]`;
    const name = textIn(volume, "name");
    const kinds = given(volume, KINDS);
    const [kind] = kinds;
    if (name === undefined) found.add("volume-name-required", `${here}.name`);
    else {
      const trouble = dnsLabel(name);
      if (trouble) found.add("volume-name", `${here}.name`, name, { wanted: trouble });
      if (volumes.has(name)) found.add("volume-name-twice", `${here}.name`, name);
      volumes.set(name, { isClaim: kind === "persistentVolumeClaim" || kind === "ephemeral" });
    }
    for (const more of kinds.slice(1)) found.add("volume-sources", `${here}.${more}`);
    if (kind !== undefined) checkSource(kind, members(members(volume)[kind]), `${here}.${kind}`, found);
  }
  return volumes;
}

/** One volume of one kind. */
function checkSource(kind: string, source: Members, at: string, found: Findings): void {
  for (const member of NEEDED[kind] ?? []) {
    if (textIn(source, member) === undefined) found.add("volume-member", `${at}.${member}`);
  }
  const path = textIn(source, "path") ?? "";
  switch (kind) {
    case "hostPath":
      if (hasBackstep(path)) found.add("volume-path", `${at}.path`, path, { wanted: 'a path without ".."' });
      break;
    case "nfs":
      if (path !== "" && !path.startsWith("/"))
        found.add("volume-path", `${at}.path`, path, { wanted: "an absolute path" });
      break;
    case "gitRepo": {
      const directory = textIn(source, "directory");
      const trouble = directory === undefined ? undefined : descendingPath(directory);
      if (trouble) found.add("volume-path", `${at}.directory`, directory, { wanted: trouble });
      break;
    }
    case "emptyDir": {
      const limit = checkQuantity(source["sizeLimit"], `${at}.sizeLimit`, found);
      if (limit !== undefined && limit < 0n) found.add("volume-size-limit", `${at}.sizeLimit`);
      break;
    }
    case "secret":
    case "configMap":
      checkMode(source, "defaultMode", at, found);
      checkKeys(source, at, found);
      break;
    case "downwardAPI":
      checkMode(source, "defaultMode", at, found);
      checkDownwardItems(source, at, found);
      break;
    case "projected":
      checkMode(source, "defaultMode", at, found);
      for (const [i, projection] of listIn(source, "sources").entries())
        checkProjection(projection, `${at}.sources[${i}]`, found);
      break;
    case "csi": {
      const driver = textIn(source, "driver");
      const trouble = driver === undefined || driver.length > 63 ? undefined : dnsSubdomain(driver.toLowerCase());
      if (trouble) found.add("volume-driver", `${at}.driver`, driver, { wanted: trouble });
      break;
    }
    case "ephemeral":
      checkClaim(members(objectIn(source, "volumeClaimTemplate"))["spec"], `${at}.volumeClaimTemplate.spec`, found);
      break;
    default:
  }
}

function checkProjection(projection: unknown, at: string, found: Findings): void {
  const kinds = given(projection, PROJECTED_KINDS);
  if (kinds.length > 1) found.add("volume-projected-sources", at);
  const [kind] = kinds;
  if (kind === undefined) return;
  const source = members(members(projection)[kind]);
  const here = `${at}.${kind}`;
  if (kind === "secret" || kind === "configMap") {
    if (textIn(source, "name") === undefined) found.add("volume-member", `${here}.name`);
    checkKeys(source, here, found);
  } else if (kind === "downwardAPI") checkDownwardItems(source, here, found);
  else if (kind === "serviceAccountToken") {
    const seconds = numberIn(source, "expirationSeconds");
    if (seconds !== undefined && (seconds < TOKEN_SECONDS_MIN || seconds > TOKEN_SECONDS_MAX))
      found.add("volume-token-expiry", `${here}.expirationSeconds`, seconds);
    checkPath(source, here, found);
  }
}

/** `items` of a config map or secret: which key goes to which file. */
function checkKeys(source: Members, at: string, found: Findings): void {
  for (const [i, item] of listIn(source, "items").entries()) {
    const here = `${at}.items[${i}]`;
    if (textIn(item, "key") === undefined) found.add("volume-member", `${here}.key`);
    checkPath(item, here, found);
    checkMode(item, "mode", here, found);
  }
}

function checkDownwardItems(source: Members, at: string, found: Findings): void {
  for (const [i, item] of listIn(source, "items").entries()) {
    const here = `${at}.items[${i}]`;
    checkPath(item, here, found);
    checkMode(item, "mode", here, found);
    const kinds = given(item, ["fieldRef", "resourceFieldRef"]);
    if (kinds.length !== 1) found.add("volume-downward-source", here);
    const { fieldRef, resourceFieldRef } = members(item) as { fieldRef?: unknown; resourceFieldRef?: unknown };
    if (isObject(fieldRef)) checkFieldRef(fieldRef, `${here}.fieldRef`, found, "volume");
    if (isObject(resourceFieldRef))
      checkResourceFieldRef(resourceFieldRef, `${here}.resourceFieldRef`, found, "volume");
  }
}

function checkPath(item: unknown, at: string, found: Findings): void {
  const path = textIn(item, "path");
  const trouble = path === undefined ? undefined : volumePath(path);
  if (path === undefined) found.add("volume-member", `${at}.path`);
  else if (trouble) found.add("volume-path", `${at}.path`, path, { wanted: trouble });
}

function checkMode(source: unknown, member: string, at: string, found: Findings): void {
  const mode = numberIn(source, member);
  if (mode !== undefined && (mode < 0 || mode > MODE_MAX)) found.add("volume-mode", `${at}.${member}`, mode);
}

/** What a claim asks for: access modes and a size above 0. */
export function checkClaim(spec: unknown, at: string, found: Findings): void {
  if (listIn(spec, "accessModes").length === 0) found.add("volume-claim-modes", `${at}.accessModes`);
  const requests = objectIn(objectIn(spec, "resources"), "requests") ?? {};
  if (requests["storage"] === undefined || requests["storage"] === null) {
    found.add("volume-claim-storage", `${at}.resources[storage]`);
    return;
  }
  const here = `${at}.resources[storage]`;
  const size = checkQuantity(requests["storage"], here, found);
  if (size !== undefined && size <= 0n) found.add("volume-claim-size", here, requests["storage"]);
}
