import type { WriteGate } from "./caller.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, toMicroTime } from "./clock.ts";
import { isAlreadyExists, isConflict, isNotFound, mayHaveBeenApplied } from "./errors.ts";
import { apiVersionOf, type KubeObject, LEASES } from "./resources.ts";

export interface LeaderOptions {
  /** A client of its own on the "lease" lane, without a gate. */
  client: KubeClient;
  clock: Clock;
  namespace: string;
  name: string;
  /** Unique per process, e.g. host name and a uuid: two processes of one identity would both lead. */
  identity: string;
  /** Others may take the lease when it was not renewed for this long; default 15,000. */
  leaseDurationMs?: number;
  /** Without a renewal for this long we stop; default 10,000. The gap to the duration is the margin for clock rates. */
  renewDeadlineMs?: number;
  /** default 2,000 */
  retryPeriodMs?: number;
  /**
   * How long to hold still after taking the lease from a holder that did not release it: what it sent last must be
   * over. Default leaseDuration − renewDeadline.
   */
  fencingMs?: number;
  onStartedLeading: () => void;
  /** The lease is lost or about to be released: nothing may be written any more. Called once, if it was ever ours. */
  onStoppedLeading: (reason: string) => void;
  onNewLeader?: (identity: string) => void;
  onError?: (error: unknown) => void;
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Follows one lease from outside: is somebody renewing it? Compares records, never wall clocks. */
export class LeaseObservation {
  readonly #clock: Clock;
  #record = "";
  #holder = "";
  #changedMs = Number.NEGATIVE_INFINITY;
  #durationMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hand in what a read found; undefined = no such lease. */
  observe(lease: Lease | undefined): void {
    const record = JSON.stringify(lease?.spec ?? {});
    if (record === this.#record) return;
    this.#record = record;
    this.#holder = lease?.spec?.holderIdentity ?? "";
    this.#durationMs = (lease?.spec?.leaseDurationSeconds ?? 0) * 1000;
    this.#changedMs = this.#clock.monotonicMs();
  }

  /** "" when nobody holds it. */
  get holder(): string {
    return this.#holder;
  }

  /** Held, and seen to change (or first seen) within its own duration. */
  isFresh(): boolean {
    return this.#holder !== "" && this.#clock.monotonicMs() < this.#changedMs + this.#durationMs;
  }
}

/** "ours" = taken or renewed; "theirs" = somebody else has it. */
type Attempt = "ours" | "theirs";

/**
 * Holds one Lease, or waits for it, as client-go does; time is measured by the monotonic clock alone.
 *
 * A leader may write until `renewDeadline` after it *sent* its last successful renewal; others may take over no
 * sooner than `leaseDuration` after that renewal arrived. A request still on its way is bounded by `writesEndAtMs`.
 */
export class LeaderElector implements WriteGate {
  readonly #options: LeaderOptions;
  readonly #clock: Clock;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #observation: LeaseObservation;
  readonly #stopper = new AbortController();
  readonly #loser = new AbortController();
  /** As last read or written. */
  #lease: Lease | undefined;
  /** The lease is ours; writes may still have to wait for the fence. */
  #acquired = false;
  #started = false;
  #renewedMs = Number.NEGATIVE_INFINITY;
  /** The last holder but us did not release the lease: its last writes may be on their way. */
  #mustFence = false;
  #lastSeenHolder = "";
  #running: Promise<void> | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (this.#leaseDurationMs <= this.#renewDeadlineMs || this.#renewDeadlineMs <= this.#retryPeriodMs) {
      throw new Error(
        `Cannot use lease times: want duration > renew deadline > retry period, found ` +
          `${this.#leaseDurationMs}, ${this.#renewDeadlineMs}, ${this.#retryPeriodMs} ms`,
      );
    }
    this.#observation = new LeaseObservation(options.clock);
  }

  /** Aborted when the lease is lost or given back. */
  get lost(): AbortSignal {
    return this.#loser.signal;
  }

  /** Computed from the clock at the call: a stalled process cannot think that it still leads. */
  isLeader(): boolean {
    return this.#started && this.#holds();
  }

  mayWrite(): boolean {
    return this.isLeader();
  }

  writesEndAtMs(): number {
    return this.#renewedMs + this.#leaseDurationMs;
  }

  /** Who holds the lease as far as we know; "" when nobody does. */
  get holder(): string {
    return this.#holds() ? this.#options.identity : this.#observation.holder;
  }

  /** Runs for the lease, holds it, and resolves when it is lost or `stop` is called. It never runs twice. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Stops and, if leading, releases the lease. Stop the work first. */
  async stop(): Promise<void> {
    const held = this.#holds();
    this.#stopper.abort(new Error("the election was stopped"));
    this.#stepDown("stopped");
    await this.#running;
    if (held) await this.#release();
  }

  #holds(): boolean {
    return this.#acquired && this.#leftMs() > 0;
  }

  /** How long we may go on without another renewal. */
  #leftMs(): number {
    return this.#renewedMs + this.#renewDeadlineMs - this.#clock.monotonicMs();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopper;
    let fence: object | undefined;
    while (!signal.aborted) {
      let attempt: Attempt | undefined;
      try {
        attempt = await this.#acquireOrRenew();
      } catch (error) {
        if (signal.aborted) break;
        this.#options.onError?.(error);
      }
      if (signal.aborted) break;
      if (attempt === "ours" && !this.#acquired && !this.lost.aborted && this.#leftMs() > 0) {
        this.#acquired = true;
        fence = this.#startAfterFence();
      }
      if (this.#acquired && attempt === "theirs") {
        this.#stepDown(`the lease was taken by ${this.#observation.holder}`);
      } else if (this.#acquired && this.#leftMs() <= 0) {
        this.#stepDown(`the lease was not renewed within ${this.#renewDeadlineMs} ms`);
      }
      this.#announceHolder();
      if (this.lost.aborted) break;
      await this.#clock.sleep(this.#pauseMs(attempt), signal).catch(() => {});
    }
    this.#clock.clearTimeout(fence);
  }

  /** Candidates spread their attempts; a leader renews on the beat, and sooner when time runs out. */
  #pauseMs(attempt: Attempt | undefined): number {
    if (!this.#acquired) return this.#retryPeriodMs * (1 + 1.2 * this.#clock.random());
    if (attempt === "ours") return this.#retryPeriodMs;
    return Math.max(1, Math.min(this.#retryPeriodMs / 2, this.#leftMs()));
  }

  #startAfterFence(): object | undefined {
    const start = () => {
      if (!this.#holds() || this.lost.aborted) return;
      this.#started = true;
      this.#options.onStartedLeading();
    };
    const fencingMs = this.#options.fencingMs ?? this.#leaseDurationMs - this.#renewDeadlineMs;
    if (this.#mustFence && fencingMs > 0) return this.#clock.setTimeout(start, fencingMs);
    start();
    return undefined;
  }

  #stepDown(reason: string): void {
    if (!this.#acquired || this.lost.aborted) return;
    this.#acquired = false;
    this.#started = false;
    this.#loser.abort(new Error(reason));
    this.#options.onStoppedLeading(reason);
  }

  #announceHolder(): void {
    const { holder } = this;
    if (holder === this.#lastSeenHolder) return;
    this.#lastSeenHolder = holder;
    if (holder !== "") this.#options.onNewLeader?.(holder);
  }

  /** One try: renew blindly while nothing contradicts, else look first. Optimistic locking decides every race. */
  async #acquireOrRenew(): Promise<Attempt> {
    if (this.#acquired && this.#lease !== undefined) {
      try {
        await this.#put(this.#lease, this.#renewedSpec(this.#lease));
        return "ours";
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error) && !mayHaveBeenApplied(error)) throw error;
        if (this.#leftMs() <= 0) throw error;
      }
    }
    const found = await this.#read();
    this.#lease = found;
    this.#observation.observe(found);
    const holder = found?.spec?.holderIdentity ?? "";
    // Our own name means that a write without an answer was applied: what we knew about fencing still holds.
    if (holder !== this.#options.identity) {
      if (this.#acquired && holder !== "") return "theirs";
      if (this.#observation.isFresh()) return "theirs";
      this.#mustFence = holder !== "";
    }
    try {
      if (found === undefined) await this.#create();
      else await this.#put(found, this.#renewedSpec(found));
      return "ours";
    } catch (error) {
      // Somebody was faster; who, the next look will tell.
      if (!this.#acquired && (isConflict(error) || isAlreadyExists(error))) return "theirs";
      throw error;
    }
  }

  async #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get<Lease>(LEASES, { namespace, name }, this.#callOptions());
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #create(): Promise<void> {
    const { client, namespace, name } = this.#options;
    const sentMs = this.#clock.monotonicMs();
    const lease: Lease = {
      apiVersion: apiVersionOf(LEASES),
      kind: LEASES.kind,
      metadata: { name, namespace },
      spec: this.#renewedSpec(undefined),
    };
    this.#renewed(await client.create<Lease>(LEASES, lease, this.#callOptions()), sentMs);
  }

  async #put(lease: Lease, spec: NonNullable<Lease["spec"]>): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    const body: Lease = { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind, metadata: lease.metadata, spec };
    this.#renewed(await this.#options.client.update<Lease>(LEASES, body, this.#callOptions()), sentMs);
  }

  #renewed(lease: Lease, sentMs: number): void {
    this.#lease = lease;
    this.#observation.observe(lease);
    this.#renewedMs = sentMs;
  }

  #renewedSpec(lease: Lease | undefined): NonNullable<Lease["spec"]> {
    const now = toMicroTime(this.#clock.nowMs());
    const { identity } = this.#options;
    const before = lease?.spec;
    const same = before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
      acquireTime: same ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: same || before === undefined ? transitions : transitions + 1,
    };
  }

  /** No call outlasts the right to lead; none is so long that a second one has no time left. */
  #callOptions(): { timeoutMs: number; signal: AbortSignal } {
    const leftMs = this.#acquired ? this.#leftMs() : this.#renewDeadlineMs;
    return { timeoutMs: Math.max(1, Math.min(leftMs, this.#renewDeadlineMs / 2)), signal: this.#stopper.signal };
  }

  /** Tells the next one that it need not wait. */
  async #release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const timeoutMs = this.#retryPeriodMs;
    try {
      // Read first: a renewal that `stop` cut off may have been applied.
      const lease = await client.get<Lease>(LEASES, { namespace, name }, { timeoutMs });
      if (lease.spec?.holderIdentity !== identity) return;
      const now = toMicroTime(this.#clock.nowMs());
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      const released: Lease = { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind, metadata: lease.metadata, spec };
      await client.update(LEASES, released, { timeoutMs });
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}
