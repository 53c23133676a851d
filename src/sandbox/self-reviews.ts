import type { Answer } from "../kube/transport.ts";
import type { JsonMap } from "./objects.ts";

const GROUPS = { access: "authorization.k8s.io/v1", identity: "authentication.k8s.io/v1" };

/** "May I?", "what may I?", "who am I?" Everybody may do everything, and nobody is asked for a name. */
const ANSWERS: Readonly<Record<string, JsonMap>> = {
  [`/apis/${GROUPS.access}/selfsubjectaccessreviews`]: {
    apiVersion: GROUPS.access,
    kind: "SelfSubjectAccessReview",
    status: { allowed: true },
  },
  [`/apis/${GROUPS.access}/selfsubjectrulesreviews`]: {
    apiVersion: GROUPS.access,
    kind: "SelfSubjectRulesReview",
    status: {
      resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
      nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
      incomplete: false,
    },
  },
  [`/apis/${GROUPS.identity}/selfsubjectreviews`]: {
    apiVersion: GROUPS.identity,
    kind: "SelfSubjectReview",
    status: { userInfo: { username: "sandbox" } },
  },
};

/** Undefined = the path asks none of that. */
export function selfReview(path: string): Answer | undefined {
  const answer = ANSWERS[path];
  if (answer === undefined) return undefined;
  const body = { metadata: {}, spec: {}, ...answer };
  return { status: 201, headers: { "content-type": "application/json" }, body };
}
