/** What do the checks remember of a run, and what could a process know when it wrote? */

import type { ApiServer } from "../../../src/sandbox/api-server.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import type { Write } from "../../../src/sandbox/store.ts";
import type { VirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import { Knowledge } from "../knowledge.ts";
import type { Sending } from "../network.ts";
import type { Scenario } from "../scenario.ts";
import type { Wanted } from "../truth.ts";
import { conditionOf, GATE, idOf, isUp, ownerUid, readySeconds } from "../truth.ts";

/** A write of a controller, and what its checks go by. */
export interface Inquiry {
  books: Books;
  sending: Sending;
  fail: (invariant: string, what: string) => void;
}

/** Whose pod was written, and what the sender may have planned from. */
export interface Ownership {
  uid: string;
  cloneSet: StoredObject;
  specs: Wanted[];
}

/** A pod that others took down. */
interface Lost {
  /** Whose it was. */
  owner: string;
  readySinceMs: number;
}

/** The pod that has or had an instance id: when it was made, and by which write if a controller made it. */
interface Holder {
  bornMs: number;
  creation: Sending | undefined;
}

/** How long after hearing of something a pass may still be under way that did not know it yet. */
const PASS_MS = 1500;
/** The same where answers are slow or writes are tried again. */
const SLOW_PASS_MS = 45_000;
/** For so long a controller waits for the answer to a write. */
const GIVEN_UP_MS = 10_000;
/** With these, a process may not know what it wrote. */
const UNKNOWN = new Set(["F2", "F10", "F11", "F12", "F15", "F6", "F21", "F22"]);
const SLOW = new Set(["F6", "F9", "F10", "F11", "F12", "F15", "F22"]);
const NEVER = Number.NEGATIVE_INFINITY;

export class Books {
  readonly server: ApiServer;
  readonly clock: VirtualClock;
  /** Answers are slow in this run, or writes are tried again. */
  readonly isSlow: boolean;
  readonly passMs: number;
  /** By how much a process may be wrong about how long a pod has been ready. */
  readonly slackSeconds: number;
  readonly hasUnknownAnswers: boolean;
  /** With the gate PartitionRollback, also updated pods move. */
  readonly mayRollBack: boolean;
  /** At first, or for good: other claim templates make a pod an old one. */
  readonly claimsMatter: boolean;
  /** Claims of pods that a controller deleted while they were active: "namespace/name". */
  readonly dropped = new Set<string>();
  /** Pods that got an image since their gate was closed. */
  readonly updating = new Set<string>();
  readonly #knowledge = new Map<string, Knowledge>();
  readonly #lost = new Map<string, Lost>();
  /** When pods came under an owner otherwise than by creation, or by one that its sender had given up. */
  readonly #joined = new Map<string, number>();
  /** When pods lost their owner, and whose they were. */
  readonly #left = new Map<string, { atMs: number; owner: string }>();
  /** Per CloneSet and id. */
  readonly #ids = new Map<string, Holder>();
  /** Since when the gate of a pod is closed. */
  readonly #closed = new Map<string, number>();
  /** CloneSets that there are or were. */
  readonly #cloneSetUids = new Set<string>();
  /** Writes whose answers were sent to their processes. */
  readonly #answered = new WeakSet<Sending>();

  constructor({ server, clock, scenario }: { server: ApiServer; clock: VirtualClock; scenario: Scenario }) {
    this.server = server;
    this.clock = clock;
    const { faults, features } = scenario;
    this.isSlow = faults.some(({ kind }) => SLOW.has(kind));
    this.passMs = this.isSlow ? SLOW_PASS_MS : PASS_MS;
    const rates = faults.some((fault) => fault.kind === "F5" && fault.what === "rate");
    const jumps = faults.some((fault) => fault.kind === "F5" && fault.what === "jump");
    this.slackSeconds = jumps ? Number.POSITIVE_INFINITY : rates ? 20 : 2;
    this.mayRollBack =
      features.CloneSetPartitionRollback === true ||
      faults.some((fault) => fault.kind === "F7" && fault.features.CloneSetPartitionRollback === true);
    this.claimsMatter = features.RecreatePodWhenChangeVCTInCloneSetGate === true;
    this.hasUnknownAnswers = faults.some(({ kind }) => UNKNOWN.has(kind));
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  // What the store says.

  all(plural: string): StoredObject[] {
    return this.server.collection(plural).all();
  }

  cloneSet(uid: string | undefined): StoredObject | undefined {
    for (const cloneSet of this.server.collection("clonesets").values())
      if (cloneSet.metadata.uid === uid) return cloneSet;
    return undefined;
  }

  // What a process could know.

  known(process: string): Knowledge {
    let known = this.#knowledge.get(process);
    if (known === undefined) this.#knowledge.set(process, (known = new Knowledge()));
    return known;
  }

  /** The specs that the sender may have planned from. */
  specsOf({ process, sentMs }: Sending, uid: string): Wanted[] {
    return this.known(process).specsBetween(uid, sentMs - this.passMs, sentMs + 1);
  }

  /** What its sender has given up, or took to its grave: no claim may be lost by it, and an extra pod goes again. */
  comesLate({ sentMs, isOrphan }: Sending): boolean {
    return isOrphan === true || this.nowMs - sentMs > GIVEN_UP_MS;
  }

  /** Pods that others took down, and whose sender may have counted on them when it planned. */
  unheard(sending: Sending, uid: string): [uid: string, lost: Lost][] {
    const { up } = this.known(sending.process);
    return [...this.#lost].filter(([lost, { owner }]) => {
      const known = up.get(lost);
      return owner === uid && (known === true || (known !== undefined && known > sending.sentMs - this.passMs));
    });
  }

  // What happened before.

  /** Whether a pod has been under its owner since a time, or from its creation on. */
  isOwnedSince({ metadata: { uid } }: StoredObject, atMs: number): boolean {
    return (this.#joined.get(uid) ?? NEVER) < atMs;
  }

  /** When a pod without an owner lost it, and whose it was. */
  whenLeft({ metadata: { uid } }: StoredObject): { atMs: number; owner: string } | undefined {
    return this.#left.get(uid);
  }

  wasCloneSet(uid: string): boolean {
    return this.#cloneSetUids.has(uid);
  }

  /** The last pod that had an instance id. */
  lastOf(uid: string, id: string): Holder | undefined {
    return this.#ids.get(`${uid}/${id}`);
  }

  wasAnswered(creation: Sending): boolean {
    return this.#answered.has(creation);
  }

  closedMs({ metadata: { uid } }: StoredObject): number | undefined {
    return this.#closed.get(uid);
  }

  // What happens now.

  givenTo(uid: string, id: string, creation?: Sending): void {
    this.#ids.set(`${uid}/${id}`, { bornMs: this.nowMs, creation });
  }

  answered(sending: Sending): void {
    this.#answered.add(sending);
  }

  thereIs(cloneSet: StoredObject): void {
    this.#cloneSetUids.add(cloneSet.metadata.uid);
  }

  /** @param sending undefined = the write is nobody's whose writes are checked */
  follow({ before, after, user }: Write, sending: Sending | undefined): void {
    const pod = after ?? before;
    if (pod === undefined) return;
    const { uid } = pod.metadata;
    const owner = before ? ownerUid(before) : undefined;
    const newOwner = after ? ownerUid(after) : undefined;
    if (before !== undefined && newOwner !== undefined && newOwner !== owner) this.#joined.set(uid, this.nowMs);
    if (newOwner !== undefined) this.#left.delete(uid);
    else if (owner !== undefined) this.#left.set(uid, { atMs: this.nowMs, owner });
    // Its own process learns of it no sooner than of a pod that others make.
    if (before === undefined && sending !== undefined && this.comesLate(sending)) this.#joined.set(uid, this.nowMs);
    const gateWas = before && conditionOf(before, GATE);
    if (after && conditionOf(after, GATE) === "False" && gateWas !== "False")
      this.#closed.set(uid, sending?.sentMs ?? this.nowMs);
    const wasUp = before !== undefined && isUp(before);
    const up = after !== undefined && isUp(after);
    if (up) this.#lost.delete(uid);
    else if (wasUp && owner !== undefined && sending === undefined && user !== "") {
      const nowMs = this.clock.nowMs();
      this.#lost.set(uid, { owner, readySinceMs: nowMs - 1000 * readySeconds(before, nowMs) });
    }
    if (before === undefined && after !== undefined && newOwner !== undefined) {
      const id = idOf(after);
      if (id !== undefined && sending === undefined) this.givenTo(newOwner, id);
    }
  }
}
