import { claimContent } from "./claim-content.ts";
import definition from "./clone-set-definition.json" with { type: "json" };
import type { Content, Contents } from "./content.ts";
import { CustomResource } from "./custom/custom-resource.ts";
import type { StructuralSchema } from "./custom/structural-schema.ts";
import { KINDS } from "./kinds.ts";
import { podContent } from "./pod-content.ts";
import { TypedContent } from "./typed/typed-content.ts";
import { deploymentContent, replicaSetContent } from "./workload-content.ts";

/** What is known of the content of each kind. */
export function contents(): Contents {
  const builtIn = KINDS.filter(({ isCustom }) => !isCustom);
  const rules = new Map([
    ["pods", podContent],
    ["persistentvolumeclaims", claimContent],
    ["deployments", deploymentContent],
    ["replicasets", replicaSetContent],
  ]);
  return new Map<string, Content>([
    ...builtIn.map(
      ({ resource }) => [resource.plural, new TypedContent(resource, rules.get(resource.plural))] as const,
    ),
    ["clonesets", new CustomResource(cloneSetSchema())],
  ]);
}

function cloneSetSchema(): StructuralSchema {
  const [version] = definition.spec.versions;
  if (version === undefined) throw new Error("Cannot check CloneSets: their definition has no version");
  return version.schema.openAPIV3Schema;
}
