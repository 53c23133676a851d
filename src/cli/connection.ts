import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import packageJson from "../../package.json" with { type: "json" };
import { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import type { Session } from "../kube/session.ts";
import { openSession } from "../kube/session.ts";
import { HttpTransport } from "../kube/transport.ts";
import { Failure } from "./failure.ts";

/** kubectl's connection flags, as `connection-options.ts` reads them. */
export interface ConnectionFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  cluster?: string | undefined;
  user?: string | undefined;
  namespace?: string | undefined;
  allNamespaces?: boolean | undefined;
  server?: string | undefined;
  token?: string | undefined;
  as?: string | undefined;
  asGroup?: string[] | undefined;
  asUid?: string | undefined;
  certificateAuthority?: string | undefined;
  clientCertificate?: string | undefined;
  clientKey?: string | undefined;
  insecureSkipTlsVerify?: boolean | undefined;
  tlsServerName?: string | undefined;
  /** Milliseconds for each request; undefined = the client's own limit, Infinity = none. */
  requestTimeout?: number | undefined;
}

export interface Connection {
  client: KubeClient;
  /** What `client` stands on, for what is no call of the API: logs, exec, port-forward. Not where the API is in memory. */
  wire?: { transport: HttpTransport; session: Session };
  /** The one asked for, else that of the context. */
  namespace: string;
  /** That of the context: commands shown to the user need no -n for it. */
  contextNamespace: string;
  /** With -A: undefined, which means all. */
  listNamespace: string | undefined;
  timeoutMs: number | undefined;
  close(): Promise<void>;
}

/** Somebody waits at the terminal; a server that restarts is back by then, or not soon. */
const PATIENCE_MS = 2000;

export async function connect(flags: ConnectionFlags, clock: Clock): Promise<Connection> {
  const session = impersonating(
    await openSession({
      clock,
      kubeconfig: flags.kubeconfig,
      context: flags.context,
      adjust: (config) => override(config, flags),
    }).catch((error: unknown) => {
      throw notReadable(error, flags);
    }),
    flags,
  );
  const transport = new HttpTransport({ session, clock });
  const client = new KubeClient({
    transport,
    clock,
    userAgent: `kubectl-cloneset/${packageJson.version}`,
    fieldManager: "kubectl-cloneset",
    unreachableForMs: PATIENCE_MS,
  });
  const namespace = flags.namespace ?? session.namespace;
  return {
    client,
    wire: { transport, session },
    namespace,
    contextNamespace: session.namespace,
    listNamespace: flags.allNamespaces ? undefined : namespace,
    timeoutMs: flags.requestTimeout,
    close: () => transport.close(),
  };
}

/** What Node and the YAML reader say of a file is true, and no help. */
function notReadable(error: unknown, { kubeconfig = "the kubeconfig" }: ConnectionFlags): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const { code, path = kubeconfig } = error as NodeJS.ErrnoException;
  const reasons = new Map([
    ["ENOENT", `the file ${path} does not exist`],
    ["EACCES", `you may not read ${path}`],
    ["EISDIR", `${path} is a folder`],
  ]);
  const isNoYaml = error.name === "YAMLException";
  const reason = isNoYaml ? `${kubeconfig} is no YAML: ${error.message.split("\n")[0]}` : reasons.get(code ?? "");
  if (reason === undefined) return error;
  return new Failure(reason, {
    next: "--kubeconfig and $KUBECONFIG name the file, kubectl config view shows what is in it",
  });
}

/** client-node's types are read-only, though its objects are not. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Puts what the flags say over what the file says, in the context that is used. */
function override(config: KubeConfig, flags: ConnectionFlags): void {
  const current = config.getCurrentContext();
  const context = config.getContextObject(current);
  const needsContext = flags.context !== undefined || (flags.server === undefined && flags.cluster === undefined);
  if (context === null && needsContext) {
    const what = current ? `context "${current}" does not exist` : "the kubeconfig has no current context";
    throw new Failure(what, { next: "kubectl config get-contexts" });
  }
  const clusterName = flags.cluster ?? context?.cluster ?? "";
  const userName = flags.user ?? context?.user ?? "";
  const cluster = config.getCluster(clusterName);
  const user = config.getUser(userName);
  if (flags.cluster !== undefined && cluster === null) throw new Failure(`cluster "${flags.cluster}" does not exist`);
  if (flags.user !== undefined && user === null) throw new Failure(`auth info "${flags.user}" does not exist`);
  const { server, token, certificateAuthority, clientCertificate, clientKey, insecureSkipTlsVerify, tlsServerName } =
    flags;
  const name = "flags";
  const changedCluster: Writable<Cluster> = { skipTLSVerify: false, server: "", ...cluster, name };
  if (server) changedCluster.server = server.includes("://") ? server : `http://${server}`;
  if (certificateAuthority) {
    delete changedCluster.caData;
    changedCluster.caFile = certificateAuthority;
  }
  if (insecureSkipTlsVerify) changedCluster.skipTLSVerify = true;
  if (tlsServerName) changedCluster.tlsServerName = tlsServerName;
  // A token on the command line replaces every other way to log in.
  const changedUser: Writable<User> = token ? { name, token } : { ...user, name };
  if (clientCertificate) {
    delete changedUser.certData;
    changedUser.certFile = clientCertificate;
  }
  if (clientKey) {
    delete changedUser.keyData;
    changedUser.keyFile = clientKey;
  }
  if (changedCluster.server === "") return;
  config.addCluster(changedCluster);
  config.addUser(changedUser);
  config.addContext({ ...context, name, cluster: name, user: name });
  config.setCurrentContext(name);
}

/** client-node knows the user to act as, but neither groups nor uid. */
function impersonating(session: Session, { as, asGroup = [], asUid }: ConnectionFlags): Session {
  if (as === undefined) {
    if (asGroup.length > 0 || asUid !== undefined) throw new Failure("--as-group and --as-uid need --as");
    return session;
  }
  const headers = {
    "impersonate-user": as,
    ...(asGroup.length > 0 ? { "impersonate-group": asGroup } : {}),
    ...(asUid === undefined ? {} : { "impersonate-uid": asUid }),
  };
  return {
    namespace: session.namespace,
    credentials: async (refresh) => {
      const credentials = await session.credentials(refresh);
      return { ...credentials, headers: { ...credentials.headers, ...headers } };
    },
  };
}
