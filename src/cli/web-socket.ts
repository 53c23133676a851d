import type { RequestOptions } from "node:https";
import { Writable } from "node:stream";
import type { Exec, KubeConfig, PortForward } from "@kubernetes/client-node";
import type { Session } from "../kube/session.ts";
import type { Out } from "./cli.ts";
import { Failure } from "./failure.ts";

/** client-node's exec and port-forward over our session. Loaded here, because no other verb needs a socket. */
export async function socketsOver(session: Session): Promise<{ exec: Exec; portForward: PortForward }> {
  const client = await import("@kubernetes/client-node");
  const config = await asKubeConfig(session);
  return { exec: new client.Exec(config), portForward: new client.PortForward(config) };
}

/**
 * What they ask of a KubeConfig, answered by our session: so that the connection flags, groups to act as, and plain http
 * hold there too.
 */
async function asKubeConfig(session: Session): Promise<KubeConfig> {
  const { server, headers, tls } = await session.credentials();
  const answers: Pick<KubeConfig, "getCurrentCluster" | "applyToHTTPSOptions"> = {
    getCurrentCluster: () => ({ name: "", server, skipTLSVerify: false }),
    applyToHTTPSOptions: (options: RequestOptions) => {
      Object.assign(options, { headers }, tls);
      return Promise.resolve();
    },
  };
  return answers as KubeConfig;
}

/** A socket that did not open tells it as an event. */
export function notOpened(what: string, event: unknown): Failure {
  const { message } = (event ?? {}) as { message?: string };
  const next = message?.includes("403")
    ? "kubectl auth can-i --list says what you may do"
    : "kubectl get pods says whether it runs, kubectl describe why not";
  return new Failure(`cannot ${what}: ${message ?? String(event)}`, { next });
}

/** A terminal is handed over as it is, because its size counts. */
export function asWritable(out: Out): Writable {
  if (out instanceof Writable) return out;
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      out.write(chunk);
      done();
    },
  });
}
