/** What `deploy/argocd/argocd-cm.yaml` holds: the settings of Argo CD for CloneSets, with the Lua scripts in them. */

import { readdirSync, readFileSync } from "node:fs";
import { dump } from "js-yaml";

const at = (path: string): URL => new URL(path, import.meta.url);
const script = (path: string): string => readFileSync(at(path), "utf8");

/** Names of the actions, as their files have them. */
export const ACTIONS = readdirSync(at("actions/"))
  .filter((file) => file.endsWith(".lua") && file !== "discovery.lua")
  .map((file) => file.replace(/\.lua$/, ""))
  .sort();

const HEADER = `# Settings of Argo CD for CloneSets: health, actions, and how templates are compared.
# Written by \`npm run argocd\` from health.lua and actions/. Install them with:
#   kubectl -n argocd patch configmap argocd-cm --type=merge --patch-file deploy/argocd/argocd-cm.yaml
`;

/** A patch of the ConfigMap argocd-cm. */
export function argoSettings(): string {
  const data = {
    "resource.customizations.health.apps.kruise.io_CloneSet": script("health.lua"),
    "resource.customizations.actions.apps.kruise.io_CloneSet": yaml({
      "discovery.lua": script("actions/discovery.lua"),
      definitions: ACTIONS.map((name) => ({ name, "action.lua": script(`actions/${name}.lua`) })),
    }),
    // So that "1000m" and "1" are the same amount of cpu.
    "resource.customizations.knownTypeFields.apps.kruise.io_CloneSet": yaml([
      { field: "spec.template.spec", type: "core/v1/PodSpec" },
    ]),
    // The status changes with every pod: that is no reason to look at the whole application again.
    "resource.customizations.ignoreResourceUpdates.apps.kruise.io_CloneSet": yaml({
      jsonPointers: ["/status", "/metadata/resourceVersion", "/metadata/managedFields"],
    }),
  };
  return HEADER + yaml({ data });
}

function yaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
