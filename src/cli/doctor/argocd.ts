import type { KubeObject } from "../../kube/resources.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check, notAllowed } from "./check.ts";

export const ARGOCD_CONFIG = { namespace: "argocd", name: "argocd-cm" };
const HEALTH = "resource.customizations.health.apps.kruise.io_CloneSet";
const INSTALL = "kubectl -n argocd patch configmap argocd-cm --type=merge --patch-file deploy/argocd/argocd-cm.yaml";

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Argo CD's built-in script takes an ordinary rollout for degraded. */
export function judgeArgoCd(look: Look<ConfigMap>): Check[] {
  if (look.kind === "forbidden") return [notAllowed("argocd", "the ConfigMap argocd/argocd-cm")];
  if (look.kind === "absent") return [check("argocd", "OK", "no Argo CD in the namespace argocd")];
  if (look.value.data?.[HEALTH] !== undefined)
    return [check("argocd", "OK", "Argo CD has a health script for CloneSets")];
  const says = "Argo CD has no health script for CloneSets: it calls rollouts degraded, or suspended";
  return [check("argocd", "WARN", says, INSTALL)];
}
