import type { ApiServer } from "./api-server.ts";
import type { StoredObject } from "./objects.ts";
import { specOf } from "./pods.ts";

interface ServicePort {
  name?: string;
  port: number;
}

interface Slice {
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[];
  ports?: { name?: string; port?: number }[];
}

/**
 * Where a service is reached: the first ready address of its endpoint slices. Simulated pods listen nowhere, so this is of use
 * for services without selector, whose slices somebody wrote with an address of this machine.
 *
 * @throws if there is no such service, port or address
 */
export function addressOfService(
  server: ApiServer,
  { namespace, name, port = 443 }: { namespace: string; name: string; port?: number },
): { host: string; port: number } {
  const service = server.collection("services").get(namespace, name);
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const ports = (specOf(service)["ports"] as ServicePort[] | undefined) ?? [];
  const wanted = ports.find((one) => one.port === port);
  if (wanted === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  for (const slice of slicesOf(server, namespace, name)) {
    const { endpoints = [], ports: open = [] } = slice as unknown as Slice;
    const host = endpoints.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    const target = open.find((one) => (one.name ?? "") === (wanted.name ?? ""))?.port;
    if (host !== undefined && target !== undefined) return { host, port: target };
  }
  throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
}

export function slicesOf(server: ApiServer, namespace: string, service: string): StoredObject[] {
  return server
    .collection("endpointslices")
    .all()
    .filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === service,
    );
}
