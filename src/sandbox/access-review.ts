import type { Answer } from "../kube/transport.ts";

/** "May I?" Everybody may do everything; undefined = that is not what the path asks. */
export function accessReview(path: string): Answer | undefined {
  if (path !== "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") return undefined;
  return {
    status: 201,
    headers: { "content-type": "application/json" },
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec: {},
      status: { allowed: true },
    },
  };
}
