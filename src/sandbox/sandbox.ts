import { realClock } from "../kube/clock.ts";
import { ApiServer } from "./api-server.ts";
import definition from "./clone-set-definition.json" with { type: "json" };
import { contents } from "./contents.ts";
import { keepDeployments } from "./deployment-controller.ts";
import { keepBudgets } from "./disruption-controller.ts";
import { keepEndpoints } from "./endpoints-controller.ts";
import { LAST_APPLIED } from "./fields/ownership.ts";
import { recordTo } from "./happenings.ts";
import { HouseKeeping } from "./house-keeping.ts";
import { serveHttp } from "./http.ts";
import { keepNamespaces } from "./namespace-controller.ts";
import { SimulatedNodes } from "./nodes.ts";
import { keepReplicaSets } from "./replica-set-controller.ts";
import { DEFAULT_CLASS } from "./storage.ts";

export interface Sandbox {
  url: string;
  /** The text of a kubeconfig file. */
  kubeconfig: string;
  server: ApiServer;
  nodes: SimulatedNodes;
  close(): Promise<void>;
}

/** A whole cluster in this process, on the clock of the machine, reachable over HTTP on loopback. */
export async function startSandbox({ port = 0, nodes = 3 }: { port?: number; nodes?: number } = {}): Promise<Sandbox> {
  const clock = realClock;
  const server = new ApiServer({ clock, contents: contents(), needsNamespaces: true, tracksOwners: true });
  const controllers = [keepNamespaces, keepEndpoints, keepBudgets, keepReplicaSets, keepDeployments].map((keep) =>
    keep({ server, clock }),
  );
  furnish(server);
  const names = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
  const simulated = new SimulatedNodes({
    server,
    clock,
    names,
    onEvent: recordTo(server, () => clock.nowMs()),
    luck: {
      bindMs: () => 50,
      noticeMs: () => 50,
      volumeMs: () => 200,
      habits: () => ({ readyAfterMs: 1000, terminateAfterMs: 500, resizeAfterMs: 500, badImages: new Set() }),
    },
  });
  const keeping = new HouseKeeping({ server, clock, delayMs: () => 100 });
  const { url, close } = await serveHttp(server, port);
  return {
    url,
    kubeconfig: kubeconfigFor(url),
    server,
    nodes: simulated,
    close: async () => {
      simulated.stop();
      keeping.stop();
      for (const stop of controllers) stop();
      await close();
    },
  };
}

/** What a new cluster has: namespaces, a storage class, the definition of CloneSets. */
function furnish(server: ApiServer): void {
  const make = (path: string, body: object) =>
    server.request({ method: "POST", path, headers: {}, body, user: "sandbox" });
  for (const name of ["default", "kube-system"]) make("/api/v1/namespaces", { metadata: { name } });
  make("/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "standard", annotations: { [DEFAULT_CLASS]: "true" } },
    provisioner: "sandbox/simulated",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
  });
  make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", asApplied(definition));
}

/** As `kubectl apply` leaves it, so that it can be applied again. */
function asApplied(object: { metadata: { annotations?: object } }): object {
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(object)}\n` };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function kubeconfigFor(url: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sandbox", cluster: { server: url } }],
    users: [{ name: "sandbox", user: {} }],
    contexts: [{ name: "sandbox", context: { cluster: "sandbox", user: "sandbox", namespace: "default" } }],
    "current-context": "sandbox",
  });
}
