import packageJson from "../../../package.json" with { type: "json" };
import type { KubeObject } from "../../kube/resources.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check } from "./check.ts";

/** Minors of Kubernetes that are tested. */
const TESTED = { from: 31, to: 36 };
const VERSION_LABEL = "app.kubernetes.io/version";

/** "36" or "36+", as /version has it; undefined if it is no number. */
export function minorOf(minor: string | undefined): number | undefined {
  const number = Number.parseInt(minor ?? "", 10);
  return Number.isNaN(number) ? undefined : number;
}

/** `controllers`: the Deployments of the controller, whose label says the version. */
export function judgeVersions(serverMinor: number | undefined, controllers: Look<KubeObject[]>): Check[] {
  const tested = `1.${TESTED.from} to 1.${TESTED.to}`;
  const found: Check[] = [];
  if (serverMinor === undefined) found.push(check("versions", "WARN", "the server does not say its version"));
  else if (serverMinor < TESTED.from || serverMinor > TESTED.to) {
    found.push(check("versions", "WARN", `the server is Kubernetes 1.${serverMinor}; ${tested} are tested`));
  } else found.push(check("versions", "OK", `the server is Kubernetes 1.${serverMinor}`));
  if (controllers.kind !== "found") return found;
  for (const { metadata } of controllers.value) {
    const version = metadata.labels?.[VERSION_LABEL];
    const where = `controller ${metadata.namespace ?? ""}/${metadata.name}`;
    if (version === undefined) found.push(check("versions", "WARN", `${where} does not say its version`));
    else if (version === packageJson.version) found.push(check("versions", "OK", `${where} and plugin are ${version}`));
    else {
      const says = `${where} is ${version}, the plugin is ${packageJson.version}: plan and lint may see rules differently`;
      found.push(check("versions", "WARN", says, "bring both to one version"));
    }
  }
  return found;
}
