import type { KubeObject } from "../../kube/resources.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check, notAllowed } from "./check.ts";

/** The Kubernetes minor whose pod API the definition has, as its maker wrote it down. */
const POD_SCHEMA = "apps.kruise.io/pod-template-schema";
const APPLY = "kubectl apply -f crds/cloneset.yaml";

export interface Definition extends KubeObject {
  spec?: {
    versions?: { name: string; served?: boolean; storage?: boolean }[];
    conversion?: { strategy?: string };
  };
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** `serverMinor`: 36 for Kubernetes 1.36; undefined where it is not known. */
export function judgeDefinition(look: Look<Definition>, serverMinor: number | undefined): Check[] {
  if (look.kind === "absent") return [check("crd", "FAIL", "the CustomResourceDefinition is not installed", APPLY)];
  if (look.kind === "forbidden") return [notAllowed("crd", "CustomResourceDefinitions")];
  const { metadata, spec, status } = look.value;
  const versions = (spec?.versions ?? []).filter(({ served }) => served).map(({ name }) => name);
  if (!versions.includes("v1alpha1")) {
    return [check("crd", "FAIL", `v1alpha1 is not served, only ${versions.join(", ") || "nothing"}`, APPLY)];
  }
  const refused = status?.conditions?.find((one) => one.type === "NamesAccepted" && one.status === "False");
  if (refused) return [check("crd", "FAIL", `its names are taken: ${refused.message ?? ""}`, "kubectl get crd")];
  const found: Check[] = [];
  const others = versions.filter((name) => name !== "v1alpha1");
  if (others.length > 0 || spec?.conversion?.strategy === "Webhook") {
    const says = `${others.join(", ") || "a conversion webhook"} is there too: this is OpenKruise's definition`;
    found.push(check("crd", "WARN", says, "see docs/taking-over.md"));
  }
  const minor = Number(/^1\.(\d+)$/.exec(metadata.annotations?.[POD_SCHEMA] ?? "")?.[1]);
  if (Number.isNaN(minor)) {
    found.push(check("crd", "WARN", "it does not say which pod API its schema has: typing mistakes may pass", APPLY));
  } else if (serverMinor !== undefined && minor < serverMinor) {
    const says = `its pod template is that of Kubernetes 1.${minor}, the server is 1.${serverMinor}: newer pod fields are dropped`;
    found.push(check("crd", "WARN", says, "update the definition"));
  }
  return found.length > 0
    ? found
    : [check("crd", "OK", `v1alpha1 is served, with the pod API of Kubernetes 1.${minor}`)];
}
