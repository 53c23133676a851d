import { claimContent } from "./claim-content.ts";
import definition from "./clone-set-definition.json" with { type: "json" };
import type { Content, Contents } from "./content.ts";
import { CustomResource } from "./custom/custom-resource.ts";
import type { StructuralSchema } from "./custom/structural-schema.ts";
import { podContent } from "./pod-content.ts";

/** What is known of the content of each kind. */
export function contents(): Contents {
  return new Map<string, Content>([
    ["clonesets", new CustomResource(cloneSetSchema())],
    ["pods", podContent],
    ["persistentvolumeclaims", claimContent],
  ]);
}

function cloneSetSchema(): StructuralSchema {
  const [version] = definition.spec.versions;
  if (version === undefined) throw new Error("Cannot check CloneSets: their definition has no version");
  return version.schema.openAPIV3Schema;
}
