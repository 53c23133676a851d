import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { KubeConfig, User } from "@kubernetes/client-node";
import type { Clock } from "./clock.ts";

export interface SessionOptions {
  clock: Clock;
  /** A kubeconfig file. Without it: $KUBECONFIG, ~/.kube/config, or the service account of this pod, whichever is first. */
  kubeconfig?: string | undefined;
  context?: string | undefined;
  /** Called after every reading of the configuration: for flags that say something else than the file. */
  adjust?: (config: KubeConfig) => void;
}

/** Certificates and keys of a connection. */
export interface TlsMaterial {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** What one request needs to be believed. */
export interface Credentials {
  /** e.g. `https://10.0.0.1:443`. */
  server: string;
  headers: Record<string, string | string[]>;
  tls: TlsMaterial;
  /** An HTTP proxy to go through. */
  proxyUrl?: string | undefined;
  /** Changes exactly when connections have to be made anew. */
  fingerprint: string;
}

export interface Session {
  /** `refresh`: the server did not accept the last ones (401). */
  credentials(refresh?: boolean): Promise<Credentials>;
  /** The namespace of the context or of the service account; "default" without one. */
  readonly namespace: string;
}

/** Tokens and certificates are rotated long before they expire; ten seconds is soon enough and costs nothing. */
const REREAD_MS = 10_000;

/** Reads kubeconfig or service account, and follows rotated tokens and certificates. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const session = new KubeConfigSession(options);
  await session.credentials();
  return session;
}

/** For plain http and tests: a fixed server, no credentials. */
export function plainSession(server: string): Session {
  const credentials = { server: server.replace(/\/$/, ""), headers: {}, tls: {}, fingerprint: server };
  return { namespace: "default", credentials: () => Promise.resolve(credentials) };
}

class KubeConfigSession implements Session {
  namespace = "default";
  readonly #options: SessionOptions;
  #config: KubeConfig | undefined;
  /** The file as last read, to notice a rewrite. */
  #source = "";
  #current: Credentials | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  /** One reading at a time: a plugin started twenty times asks for twenty logins. */
  #reading: Promise<Credentials> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  async credentials(refresh = false): Promise<Credentials> {
    const fresh = this.#options.clock.monotonicMs() - this.#readMs < REREAD_MS;
    if (this.#current !== undefined && fresh && !refresh) return this.#current;
    this.#reading ??= this.#read(refresh).finally(() => (this.#reading = undefined));
    try {
      return await this.#reading;
    } catch (error) {
      // A file that is half written now is whole the next time; what worked ten seconds ago may still work.
      if (this.#current === undefined || refresh) throw error;
      return this.#current;
    }
  }

  async #read(refresh: boolean): Promise<Credentials> {
    const config = await this.#load(refresh);
    const cluster = config.getCurrentCluster();
    const user = config.getCurrentUser();
    if (cluster === null) {
      throw new Error(`Cannot find the cluster of context ${JSON.stringify(config.getCurrentContext())}`);
    }
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
    const https: RequestOptions = {};
    if (cluster.server.startsWith("http:")) {
      // client-node refuses plain http unless told twice; a local test server has no TLS to skip.
      if (user?.token) https.headers = { Authorization: `Bearer ${user.token}` };
    } else await config.applyToHTTPSOptions(https);
    const tls = tlsOf(https);
    this.#readMs = this.#options.clock.monotonicMs();
    this.#current = {
      server: cluster.server,
      headers: headersOf(https),
      tls,
      proxyUrl: cluster.proxyUrl,
      fingerprint: createHash("sha256")
        .update(JSON.stringify([cluster.server, cluster.proxyUrl, tls]))
        .digest("hex"),
    };
    return this.#current;
  }

  /**
   * A new KubeConfig is the only way past client-node's own caches (60 s for token files, for ever for plugins).
   * Plugins and OIDC keep theirs until a 401 or an edit of the file, because asking them costs a process or a login.
   */
  async #load(refresh: boolean): Promise<KubeConfig> {
    const { kubeconfig, context, adjust } = this.#options;
    const source = kubeconfig === undefined ? "" : await readFile(kubeconfig, "utf8");
    if (this.#config !== undefined && !refresh && source === this.#source && isCostly(this.#config.getCurrentUser())) {
      return this.#config;
    }
    // Loaded here, because it takes 0.7 s that a command line without a cluster need not spend.
    const { KubeConfig: Config } = await import("@kubernetes/client-node");
    const config = new Config();
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
    adjust?.(config);
    if (kubeconfig === undefined && config.getCurrentCluster()?.server === "http://localhost:8080") {
      throw new Error("Cannot find a cluster: want a kubeconfig file or a service account, found neither");
    }
    this.#config = config;
    this.#source = source;
    return config;
  }
}

/** Does asking for credentials start a process or a login? */
function isCostly(user: User | null): boolean {
  if (user === null) return false;
  if (user.exec) return true;
  const provider: { config?: { tokenFile?: string } } | null | undefined = user.authProvider;
  return provider !== undefined && provider !== null && provider.config?.tokenFile === undefined;
}

function tlsOf(https: RequestOptions): TlsMaterial {
  const tls: TlsMaterial = {};
  if (isPem(https.ca)) tls.ca = https.ca;
  if (isPem(https.cert)) tls.cert = https.cert;
  if (isPem(https.key)) tls.key = https.key;
  if (https.rejectUnauthorized !== undefined) tls.rejectUnauthorized = https.rejectUnauthorized;
  if (https.servername !== undefined) tls.servername = https.servername;
  return tls;
}

/** client-node hands over nothing else, though the type would allow lists. */
function isPem(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}

function headersOf(https: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(https.headers ?? {})) {
    // A token file ends with a newline, which no header may.
    if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
  }
  if (https.auth) headers.authorization = `Basic ${Buffer.from(https.auth).toString("base64")}`;
  return headers;
}
