import type { Registry } from "prom-client";
import type { HttpReply, Routes } from "./http-server.ts";

/** undefined = fine, else the reason in words. */
export type Check = () => string | undefined;

/** What /readyz asks. */
export class HealthChecks {
  readonly #checks = new Map<string, Check>();

  /** Adds or replaces a named condition for /readyz. */
  add(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** /healthz is fine while the loop turns; /readyz asks all checks, and lists them when one fails or with ?verbose. */
  routes(): Routes {
    return {
      "/healthz": () => ({ status: 200, body: "ok\n" }),
      "/readyz": (query) => this.#ready(query.has("verbose")),
    };
  }

  #ready(verbose: boolean): HttpReply {
    const lines: string[] = [];
    let ready = true;
    for (const [name, check] of this.#checks) {
      const trouble = ask(check);
      ready &&= trouble === undefined;
      lines.push(trouble === undefined ? `[+]${name} ok` : `[-]${name} failed: ${trouble}`);
    }
    if (ready && !verbose) return { status: 200, body: "ok\n" };
    lines.push(ready ? "readyz check passed" : "readyz check failed");
    return { status: ready ? 200 : 503, body: `${lines.join("\n")}\n` };
  }
}

/** /metrics in the text format of Prometheus. */
export function metricsRoutes(registry: Registry): Routes {
  return {
    "/metrics": async () => ({ status: 200, contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function ask(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
