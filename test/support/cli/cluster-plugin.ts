import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { KubeClient } from "../../../src/kube/client.ts";
import { realClock } from "../../../src/kube/clock.ts";
import type { Resource } from "../../../src/kube/resources.ts";
import { NAMESPACES } from "../../../src/kube/resources.ts";
import { openSession } from "../../../src/kube/session.ts";
import { HttpTransport } from "../../../src/kube/transport.ts";
import { eventually } from "../e2e/eventually.ts";
import type { ClusterPlugin } from "../plugin.ts";
import { pluginBinary, runner, temporaryFolder, transcript } from "../plugin.ts";

const SERVICE_ACCOUNTS: Resource = {
  group: "",
  version: "v1",
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
};

/** The plugin beside the cluster of a kubeconfig file, in a namespace of its own that goes with it. */
export async function startPluginOn(clusterKubeconfig: string): Promise<ClusterPlugin> {
  const folder = temporaryFolder();
  const namespace = `cli-${process.pid}`;
  const kubeconfig = join(folder, "kubeconfig");
  const config = new KubeConfig();
  config.loadFromFile(clusterKubeconfig);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) throw new Error(`${clusterKubeconfig} has no current context`);
  config.addContext({ ...context, name: namespace, namespace });
  config.setCurrentContext(namespace);
  writeFileSync(kubeconfig, config.exportConfig());
  const session = await openSession({ clock: realClock, kubeconfig });
  const transport = new HttpTransport({ session, clock: realClock });
  const client = new KubeClient({ transport, clock: realClock });
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  // Pods are refused before the cluster has made it, in its own time.
  await eventually("the default service account", () => client.get(SERVICE_ACCOUNTS, { namespace, name: "default" }));
  const run = runner(await pluginBinary(), kubeconfig);
  return {
    kubeconfig,
    folder,
    namespace,
    run,
    transcript: async (...commandLines) => {
      const said = await transcript(run, commandLines);
      // The golden files speak of the namespace default.
      return said.replaceAll(folder, "FOLDER").replaceAll(namespace, "default");
    },
    store: async (resource, object) => {
      const { name } = object.metadata;
      const made = await client.create(resource, object);
      if (object.status === undefined) return made;
      const status = { status: object.status };
      return await client.patch(resource, { namespace, name }, status, { type: "merge", subresource: "status" });
    },
    close: async () => {
      await client.delete(NAMESPACES, { name: namespace });
      await transport.close();
    },
  };
}
