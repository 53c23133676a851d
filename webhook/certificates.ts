import type { Clock } from "../src/kube/clock.ts";
import type { KeyringStore } from "./keyring-secret.ts";
import { issue } from "./make-certificate.ts";
import type { Registration } from "./registration.ts";
import type { Keyring, Lifetimes, Step } from "./rotation.ts";
import { authoritiesOf, nextStep } from "./rotation.ts";
import type { ServingPair } from "./server.ts";

export interface CertificatesOptions {
  store: KeyringStore;
  registration: Registration;
  clock: Clock;
  /** DNS names and addresses that the certificate must be good for. */
  names: readonly string[];
  lifetimes: Lifetimes;
  onStep?: (step: Step | "create") => void;
}

/** What one look at the Secret came to. */
export interface Synced {
  pair: ServingPair;
  /** What keeps API servers from believing us; undefined = nothing. */
  unregistered: string | undefined;
}

/** Several replicas may write at once; each retry is a fresh look. */
const ATTEMPTS = 10;

/**
 * Our own certificates: made by whichever replica comes first, renewed by whichever sees first that it is time.
 * All replicas do the same, and meet in the Secret: a write that comes second is dropped.
 */
export class OwnCertificates {
  readonly #options: CertificatesOptions;

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /**
   * Looks at the Secret, takes the step that is due, and tells API servers about the authorities. Cheap when nothing is due.
   *
   * @throws {Error} if the Secret cannot be read or written; what is served stays as it is
   */
  async sync(): Promise<Synced> {
    const { registration } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const ring = await this.#settled();
      if (ring === undefined) continue;
      const unregistered = await registration.ensure(ring.bundle.join(""));
      return { pair: ring.current, unregistered };
    }
    throw new Error(`Cannot agree on a certificate: the Secret was changed ${ATTEMPTS} times while it was read`);
  }

  /** The keyring after the step that is due; undefined if somebody else changed it meanwhile. */
  async #settled(): Promise<Keyring | undefined> {
    const { store, registration, clock, names, lifetimes, onStep } = this.#options;
    const nowMs = clock.nowMs();
    const read = await store.read();
    if (read === undefined) {
      const { ca, cert, key } = await issue(names, nowMs, lifetimes.validMs);
      const ring: Keyring = { current: { cert, key }, next: undefined, bundle: [ca], changedMs: nowMs };
      if (!(await store.write(ring))) return undefined;
      onStep?.("create");
      return ring;
    }
    const step = nextStep(read.ring, names, nowMs, lifetimes);
    if (step === "none") return read.ring;
    // Nobody is to meet the new certificate before its authority is known.
    if (step === "promote") await registration.ensure(read.ring.bundle.join(""));
    const ring = await this.#after(step, read.ring, nowMs);
    if (!(await store.write(ring))) return undefined;
    onStep?.(step);
    // What cannot be used any more is replaced at once, not in the next round.
    return nextStep(ring, names, nowMs, lifetimes) === "promote" ? undefined : ring;
  }

  async #after(step: Exclude<Step, "none">, ring: Keyring, nowMs: number): Promise<Keyring> {
    const { names, lifetimes } = this.#options;
    switch (step) {
      case "stage": {
        const { ca, cert, key } = await issue(names, nowMs, lifetimes.validMs);
        return {
          ...ring,
          next: { cert, key },
          bundle: [ca, ...authoritiesOf(ring.bundle, [ring.current])],
          changedMs: nowMs,
        };
      }
      case "promote":
        return { ...ring, current: ring.next ?? ring.current, next: undefined, changedMs: nowMs };
      case "retire":
        return { ...ring, bundle: authoritiesOf(ring.bundle, [ring.current]), changedMs: nowMs };
    }
  }
}
