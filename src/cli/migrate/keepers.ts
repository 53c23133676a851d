import type { ObjectMeta } from "../../kube/resources.ts";

/** Who would make a workload again, because a repository or a release still has it. By the marks that they leave. */
export function keepers({ labels = {}, annotations = {} }: ObjectMeta): string[] {
  const marks: [string | undefined, string][] = [
    [
      annotations["argocd.argoproj.io/tracking-id"]?.split(":")[0] ?? labels["argocd.argoproj.io/instance"],
      "Argo CD application",
    ],
    [labels["kustomize.toolkit.fluxcd.io/name"], "Flux Kustomization"],
    [labels["helm.toolkit.fluxcd.io/name"], "Flux HelmRelease"],
    [annotations["meta.helm.sh/release-name"], "Helm release"],
  ];
  return marks.flatMap(([name, what]) => (name === undefined ? [] : [`${what} ${name}`]));
}
