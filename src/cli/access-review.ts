import type { KubeObject, Resource } from "../kube/resources.ts";
import type { Cluster } from "./cluster.ts";

/** One thing that is asked of the server. */
export interface Right {
  verb: string;
  group: string;
  /** With a slash before a subresource. */
  resource: string;
}

const ACCESS_REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectaccessreviews",
  kind: "SelfSubjectAccessReview",
  namespaced: false,
};

/** Those that the server denies to the caller, in the namespace in use. */
export async function missingRights<R extends Right>(cluster: Cluster, rights: readonly R[]): Promise<R[]> {
  const { client, limits, namespace } = cluster;
  const answers = await Promise.all(
    rights.map(async (right) => {
      const [plural = "", subresource = ""] = right.resource.split("/");
      const resourceAttributes = { namespace, verb: right.verb, group: right.group, resource: plural, subresource };
      const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: ACCESS_REVIEWS.kind,
        // A review is no object: it has no name.
        metadata: {} as KubeObject["metadata"],
        spec: { resourceAttributes },
      };
      const answer = await client.create<KubeObject & { status?: { allowed?: boolean } }>(
        ACCESS_REVIEWS,
        review,
        limits,
      );
      return { right, isAllowed: answer.status?.allowed === true };
    }),
  );
  return answers.filter(({ isAllowed }) => !isAllowed).map(({ right }) => right);
}

/** "delete deployments.apps" */
export function rightInWords({ verb, group, resource }: Right): string {
  return `${verb} ${group === "" ? resource : `${resource}.${group}`}`;
}
