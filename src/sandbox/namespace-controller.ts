import type { Clock } from "../kube/clock.ts";
import { resourcePath } from "../kube/resources.ts";
import type { ApiServer } from "./api-server.ts";
import { onChangesOf } from "./change-queue.ts";
import { KINDS } from "./kinds.ts";

const USER = "namespace-controller";
const AGAIN_MS = 200;

/** Gives each namespace its default account, and empties those that are deleted. Returns the way to stop. */
export function keepNamespaces({ server, clock }: { server: ApiServer; clock: Clock }): () => void {
  return onChangesOf("namespaces", {
    server,
    clock,
    touched: ({ kind, after }) => (kind.resource.plural === "namespaces" && after ? [after] : []),
    keep: (namespace) => {
      const { name } = namespace.metadata;
      if (namespace.metadata.deletionTimestamp === undefined) {
        giveAccount(server, name);
        return undefined;
      }
      if (!empty(server, name)) return AGAIN_MS;
      const path = `/api/v1/namespaces/${name}/finalize`;
      const body = { ...namespace, spec: { finalizers: [] } };
      server.request({ method: "PUT", path, headers: {}, user: USER, body });
      return undefined;
    },
  });
}

function giveAccount(server: ApiServer, namespace: string): void {
  if (server.collection("serviceaccounts").get(namespace, "default")) return;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  server.request({ method: "POST", path, headers: {}, user: USER, body: { metadata: { name: "default" } } });
}

/** Deletes what is in a namespace; answers whether nothing is left. */
function empty(server: ApiServer, namespace: string): boolean {
  let left = 0;
  for (const { resource } of KINDS.filter((kind) => kind.resource.namespaced)) {
    const within = server
      .collection(resource.plural)
      .all()
      .filter(({ metadata }) => metadata.namespace === namespace);
    for (const { metadata } of within) {
      left += 1;
      if (metadata.deletionTimestamp !== undefined) continue;
      const path = resourcePath(resource, { namespace, name: metadata.name });
      const body = { propagationPolicy: "Background", preconditions: { uid: metadata.uid } };
      server.request({ method: "DELETE", path, headers: {}, user: USER, body });
    }
  }
  return left === 0;
}
