import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/**
 * Packages of which a small part is wanted and which load as a whole: of client-node kubeconfig and credentials, and apart
 * from them its sockets, without the typed clients of every API; of undici the dispatchers, without fetch, WebSocket and caches. Names the modules to
 * take instead; start-up time and memory are what it saves.
 */
export const partsOnly: Plugin = {
  name: "parts-only",
  setup(bundling) {
    const folderOf = (name: string) => dirname(fileURLToPath(import.meta.resolve(name)));
    const clientNode = folderOf("@kubernetes/client-node");
    const config = join(clientNode, "config.js");
    const portForward = join(clientNode, "portforward.js");
    const parts: Record<string, { folder: string; contents: string }> = {
      undici: {
        folder: folderOf("undici"),
        contents: `
          Object.assign(require("./lib/dispatcher/dispatcher.js").prototype, require("./lib/api/index.js"));
          exports.Agent = require("./lib/dispatcher/agent.js");
          exports.ProxyAgent = require("./lib/dispatcher/proxy-agent.js");`,
      },
      clients: {
        folder: clientNode,
        contents: `
          export { createConfiguration } from "./gen/configuration.js";
          export { ServerConfiguration } from "./gen/servers.js";`,
      },
      sockets: {
        folder: clientNode,
        contents: `
          export { Exec } from "./exec.js";
          export { PortForward } from "./portforward.js";`,
      },
      // Asked only by its forwards to Services and Deployments.
      "no clients": { folder: clientNode, contents: "export const AppsV1Api = undefined, CoreV1Api = undefined;" },
    };
    const part = (path: string) => ({ path, namespace: "parts-only" });
    bundling.onResolve({ filter: /^undici$/ }, () => part("undici"));
    bundling.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer }) =>
      importer.endsWith("web-socket.ts") ? part("sockets") : { path: config },
    );
    bundling.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) => {
      if (importer === config) return part("clients");
      return importer === portForward ? part("no clients") : undefined;
    });
    bundling.onLoad({ filter: /.*/, namespace: "parts-only" }, ({ path }) => {
      const { folder, contents } = parts[path] ?? { folder: clientNode, contents: "" };
      return { contents, resolveDir: folder };
    });
  },
};
