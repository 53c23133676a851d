import { warningsOf } from "../../../webhook/warnings.ts";
import { API_VERSION } from "../../api/constants.ts";
import type { Features } from "../../api/features.ts";
import { problemsOf } from "../../rules/check.ts";
import { problemText } from "../../rules/problem.ts";
import { SchemaCheck } from "../../rules/schema.ts";
import type { Manifest } from "../manifests.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import { unknownFields } from "./unknown-fields.ts";

/** Nobody can be asked about pods here, so nothing is said about them. */
const NO_PODS = { pod: () => Promise.resolve(undefined), podsOf: () => Promise.resolve(undefined) };

/** Judges CloneSets one at a time, by the rules and the warnings that admission has. */
export class CloneSetLint {
  readonly #schema = new SchemaCheck();
  readonly #features: Features;

  constructor(features: Features) {
    this.#features = features;
  }

  async findings(manifest: Manifest): Promise<Finding[]> {
    const { object = {} } = manifest;
    const { apiVersion } = object;
    if (apiVersion !== API_VERSION) return [finding(manifest, wrongVersion(apiVersion))];
    const refused = problemsOf({ object, length: JSON.stringify(object).length }, this.#schema);
    const errors = [
      ...refused.map((problem) => ({ rule: problem.rule as string, message: problemText(problem) })),
      ...unknownFields(object).map((field) => ({
        rule: "unknown-field",
        message: `${field}: no such field: kubectl apply refuses it, other clients lose it`,
      })),
    ];
    // As in admission: what is malformed cannot be looked at more closely.
    const warnings =
      refused.length > 0 ? [] : await warningsOf(object, undefined, { features: this.#features, pods: NO_PODS });
    return [
      ...errors.map(({ rule, message }) => finding(manifest, { rule, level: "error", message })),
      ...warnings.map((message) => finding(manifest, { rule: "admission-warning", level: "warning", message })),
    ];
  }
}

function wrongVersion(apiVersion: unknown): Pick<Finding, "rule" | "level" | "message"> {
  const next = apiVersion === "apps.kruise.io/v1beta1" ? "; kubectl cloneset convert -f FILE makes one of it" : "";
  const message = `apiVersion: want ${API_VERSION}, found ${JSON.stringify(apiVersion) ?? "none"}${next}`;
  return { rule: "api-version", level: "error", message };
}
