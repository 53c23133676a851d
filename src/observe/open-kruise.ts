import type { Logger } from "pino";
import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isForbidden } from "../kube/errors.ts";
import type { Lease } from "../kube/leader.ts";
import { LeaseObservation } from "../kube/leader.ts";
import { Reflector } from "../kube/reflector.ts";
import { LEASES } from "../kube/resources.ts";

/** Where OpenKruise's own controller keeps its lease. */
const NAMESPACE = "kruise-system";
const NAME = "kruise-manager";

/**
 * Is OpenKruise's controller at work in this cluster? Two controllers for the same CloneSets would undo each other's
 * work. Watches its lease; without the right to do so it is taken to be absent, and that is logged.
 */
export class OpenKruiseWatch {
  readonly #observation: LeaseObservation;
  readonly #reflector: Reflector;
  #known: Promise<void>;

  constructor({ client, clock, log, onSeen }: { client: KubeClient; clock: Clock; log: Logger; onSeen: () => void }) {
    this.#observation = new LeaseObservation(clock);
    const cache = new Cache({ clock, trim, filtered: true });
    cache.onChange(({ kind, entry }) => {
      this.#observation.observe(kind === "deleted" ? undefined : entry.lease);
      if (this.isAtWork()) onSeen();
    });
    let notAllowed: () => void;
    const refused = new Promise<void>((resolve) => (notAllowed = resolve));
    this.#reflector = new Reflector({
      client,
      clock,
      resource: LEASES,
      sink: cache,
      namespace: NAMESPACE,
      fieldSelector: `metadata.name=${NAME}`,
      checkEveryMs: 0,
      observer: {
        failed: (error) => {
          if (!isForbidden(error)) return;
          log.warn(
            `not allowed to watch the lease ${NAMESPACE}/${NAME}: taking it that no OpenKruise controller is running`,
          );
          notAllowed();
          void this.stop();
        },
      },
    });
    this.#known = Promise.race([this.#reflector.synced, refused]).catch(() => {});
    this.#reflector.start();
  }

  /** Resolves once it is known whether there is such a lease. */
  get known(): Promise<void> {
    return this.#known;
  }

  /** Whether the lease is held, and was seen to change within its own duration. */
  isAtWork(): boolean {
    return this.#observation.isFresh();
  }

  get holder(): string {
    return this.#observation.holder;
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }
}

function trim(raw: unknown) {
  const lease = raw as Lease;
  const { namespace = "", name, uid = "", resourceVersion = "" } = lease.metadata;
  return { namespace, name, uid, resourceVersion, ownerUids: [], labels: {}, lease };
}
