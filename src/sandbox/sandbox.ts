import { realClock } from "../kube/clock.ts";
import { ApiServer } from "./api-server.ts";
import { contents } from "./contents.ts";
import { HouseKeeping } from "./house-keeping.ts";
import { serveHttp } from "./http.ts";
import { SimulatedNodes } from "./nodes.ts";

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
  const server = new ApiServer({ clock: realClock, contents: contents() });
  for (const name of ["default", "kube-system"]) {
    server.request({
      method: "POST",
      path: "/api/v1/namespaces",
      headers: {},
      body: { metadata: { name } },
      user: "sandbox",
    });
  }
  const names = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
  const simulated = new SimulatedNodes({
    server,
    clock: realClock,
    names,
    luck: {
      bindMs: () => 50,
      noticeMs: () => 50,
      volumeMs: () => 200,
      habits: () => ({ readyAfterMs: 1000, terminateAfterMs: 500, resizeAfterMs: 500, badImages: new Set() }),
    },
  });
  const keeping = new HouseKeeping({ server, clock: realClock, delayMs: () => 100 });
  const { url, close } = await serveHttp(server, port);
  return {
    url,
    kubeconfig: kubeconfigFor(url),
    server,
    nodes: simulated,
    close: async () => {
      simulated.stop();
      keeping.stop();
      await close();
    },
  };
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
