/** What was asked, and what may be asked: enough of RBAC to compare the two. */

/** A rule of a Role or ClusterRole. */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** One verb on one resource. */
export interface Grant {
  verb: string;
  group: string;
  resource: string;
  /** Of this object only; undefined = of any name. */
  name: string | undefined;
  /** "" = in all namespaces. */
  namespace: string;
  /** As a reader would say it. */
  text: string;
}

export interface Request {
  verb: string;
  group: string;
  /** With its subresource: "pods/status". */
  resource: string;
  namespace: string;
  name: string;
  /** Of the answer. */
  code: number;
  message: string;
}

export function grantsOf({ apiGroups, resources, resourceNames, verbs }: Rule, namespace: string): Grant[] {
  const names: (string | undefined)[] = resourceNames ?? [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      names.flatMap((name) =>
        verbs.map((verb) => ({
          ...{ verb, group, resource, name, namespace },
          text: [verb, resource, name].filter((part) => part !== undefined).join(" "),
        })),
      ),
    ),
  );
}

export function isGrantFor(grant: Grant, request: Request): boolean {
  return (
    grant.verb === request.verb &&
    grant.group === request.group &&
    grant.resource === request.resource &&
    (grant.name === undefined || grant.name === request.name) &&
    (grant.namespace === "" || grant.namespace === request.namespace)
  );
}
