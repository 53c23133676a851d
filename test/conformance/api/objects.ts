/** Small objects for cases. */

export function config(name: string, more: { metadata?: object; data?: object } = {}) {
  const { metadata = {}, ...rest } = more;
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, ...rest };
}

/** No scheduler takes it. */
export function aPod(name: string, container: object = {}, spec: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { schedulerName: "nobody", containers: [{ name: "app", image: "app:v1", ...container }], ...spec },
  };
}

/** Nobody runs it in these cases. */
export function aSet(name: string, spec: object = {}) {
  const template = {
    metadata: { labels: { app: name } },
    spec: { schedulerName: "nobody", containers: [{ name: "app", image: "app:v1" }] },
  };
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template, ...spec },
  };
}
