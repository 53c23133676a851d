import type { Features } from "../../api/features.ts";
import type { Manifest } from "../manifests.ts";
import { CloneSetLint } from "./clone-set.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import { neighbourFindings } from "./neighbours.ts";
import { isCloneSet } from "./workloads.ts";

/** All that can be said about manifests without a cluster, in their order. */
export async function lintManifests(manifests: readonly Manifest[], features: Features): Promise<Finding[]> {
  const found: Finding[] = manifests
    .filter(({ object }) => object === undefined)
    .map((manifest) =>
      finding(manifest, { rule: "manifest", level: "error", message: `cannot be read: ${manifest.problem ?? ""}` }),
    );
  const cloneSets = manifests.filter(isCloneSet);
  if (cloneSets.length > 0) {
    const judge = new CloneSetLint(features);
    for (const manifest of cloneSets) found.push(...(await judge.findings(manifest)));
  }
  found.push(...neighbourFindings(manifests));
  const place = new Map(manifests.map((manifest, i) => [`${manifest.file}:${manifest.line}`, i]));
  const order = ({ file, line }: Finding) => place.get(`${file}:${line}`) ?? 0;
  return found.sort((a, b) => order(a) - order(b));
}
