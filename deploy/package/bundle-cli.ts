/**
 * Makes one file of the plugin, for the package and for tests that run it as a user does:
 * `node deploy/package/bundle-cli.ts [FOLDER]`, default `dist/cli`.
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { build } from "esbuild";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** npm links it under the name kubectl looks for, which is without the ending. */
const BINARY = "kubectl-cloneset.cjs";

/**
 * The binary only switches on Node's compile cache and goes on to the bundle: what is loaded before the switch is
 * compiled anew each time.
 */
const ENTRY = `#!/usr/bin/env node
require("node:module").enableCompileCache?.();
require("./bundle.cjs");
`;

/**
 * Packages of which a small part is wanted and which load as a whole: of client-node kubeconfig and credentials, and apart
 * from them its sockets, without the typed clients of every API; of undici the dispatchers, without fetch, WebSocket and caches. Names the modules to
 * take instead; the start of the plugin is what it saves.
 */
const partsOnly: Plugin = {
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
      const { folder, contents } = parts[path] ?? { folder: PROJECT, contents: "" };
      return { contents, resolveDir: folder };
    });
  },
};

/** Returns the path of the binary. */
export async function bundleCli(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ["src/cli/main.ts"],
    outfile: join(folder, "bundle.cjs"),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [partsOnly],
  });
  const binary = join(folder, BINARY);
  await writeFile(binary, ENTRY);
  await chmod(binary, 0o755);
  return binary;
}

if (import.meta.main) await bundleCli(process.argv[2] ?? join(PROJECT, "dist/cli"));
