import type { ApiServer } from "../../src/sandbox/api-server.ts";
import type { StoredObject } from "../../src/sandbox/objects.ts";
import type { Write } from "../../src/sandbox/store.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import type { Inquiry } from "./invariants/books.ts";
import { Books } from "./invariants/books.ts";
import { checkClaimWrite, checkForgotten, checkUnique } from "./invariants/kept.ts";
import { checkPodWrite } from "./invariants/pod-writes.ts";
import type { Sending } from "./network.ts";
import { pinsOf } from "./pins.ts";
import type { Scenario } from "./scenario.ts";
import { isStored, statusOf } from "./truth.ts";
import type { Violation } from "./violation.ts";
import { faultsOfWrite } from "./write-rules.ts";

/**
 * Checks every write of a controller against the true state of the store.
 *
 * A controller cannot know what it was not told yet. So a bound is taken over all specs that it knew during the pass,
 * and a pod that others took down counts as serving until the controller has heard of it.
 */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly #books: Books;
  /** When an object was written of late, by kind and uid. */
  readonly #writtenMs = new Map<string, number[]>();
  /** Who wrote an object last, by uid. */
  readonly #lastWriter = new Map<string, string>();
  #sending: Sending | undefined;
  writes = 0;
  podsCreated = 0;

  constructor(run: { server: ApiServer; clock: VirtualClock; scenario: Scenario }) {
    this.#books = new Books(run);
    run.server.onWrite((write) => {
      const { metadata } = (write.after ?? write.before) as StoredObject;
      this.#lastWriter.set(metadata.uid, write.user);
      this.#wrote(write);
    });
  }

  arrives(sending: Sending): void {
    this.#sending = sending;
  }

  /** W2: a conflict is never with one's own write, unless an answer was lost. */
  answered(sending: Sending, code: number | undefined, object: StoredObject | undefined): void {
    this.#sending = undefined;
    if (code !== undefined) this.#books.answered(sending);
    if (code !== 409 || this.#books.hasUnknownAnswers || object === undefined || sending.method === "POST") return;
    if (this.#lastWriter.get(object.metadata.uid) === sending.process) {
      this.fail(
        "W2",
        `${sending.method} ${sending.what} ${object.metadata.name} is in conflict with the process's own write`,
      );
    }
  }

  /** A process is told of an object. */
  told(process: string, object: unknown, isGone: boolean): void {
    if (isStored(object) && !("items" in object)) this.#books.known(process).hear(object, isGone, this.#books.nowMs);
  }

  fail(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
  }

  #wrote(write: Write): void {
    const sending = this.#sending;
    const isOurs = sending !== undefined && write.user === sending.process;
    const { kind, after } = write;
    const { plural } = kind.resource;
    if (plural === "pods") this.#books.follow(write, isOurs ? sending : undefined);
    if (plural === "clonesets" && after) this.#books.thereIs(after);
    if (!isOurs) return;
    const inquiry: Inquiry = { books: this.#books, sending, fail: (invariant, what) => this.fail(invariant, what) };
    this.#checkKind(inquiry, write);
    this.violations.push(...faultsOfWrite(write));
    this.writes += 1;
    this.#checkLease(sending);
    this.#checkRate(write);
  }

  #checkKind(inquiry: Inquiry, write: Write): void {
    const { kind, before, after, method } = write;
    switch (kind.resource.plural) {
      case "pods":
        if (before === undefined && after) this.podsCreated += 1;
        checkPodWrite(inquiry, write);
        break;
      case "persistentvolumeclaims":
        checkClaimWrite(inquiry, write);
        break;
      case "controllerrevisions":
        if (method === "DELETE" && before) checkForgotten(inquiry, before);
        if (before === undefined && after) checkUnique(inquiry, after);
        break;
      case "clonesets":
        this.#checkCloneSet(write);
        break;
    }
  }

  /** A controller writes the status alone, pinned to a version; I5: ids are counted up; I12: no status is ahead. */
  #checkCloneSet({ subresource, before, after, method, body }: Write): void {
    if (subresource !== "status") this.fail("spec", `a controller wrote the CloneSet itself: ${JSON.stringify(body)}`);
    if (method === "PATCH" && pinsOf(body)["resourceVersion"] === undefined)
      this.fail("W1", `a patch of the status names no version: ${JSON.stringify(body)}`);
    if (!after) return;
    if (before && Number(statusOf(after)["instanceCounter"]) < Number(statusOf(before)["instanceCounter"])) {
      this.fail("I5", "the counter of instance ids goes back");
    }
    if (Number(statusOf(after)["observedGeneration"]) > (after.metadata.generation ?? 0)) {
      this.fail("I12", "observedGeneration is ahead of the generation");
    }
  }

  /** L1: who does not hold the lease does not write. */
  #checkLease({ process }: Sending): void {
    const lease = this.#books.all("leases").find(({ metadata }) => metadata.name === "cloneset-controller");
    const holder = (lease?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity;
    if (holder !== undefined && holder !== "" && holder !== process)
      this.fail("L1", `${process} writes, but ${holder} holds the lease`);
  }

  /** I10: nothing is written over and over. */
  #checkRate({ kind, after, before }: Write): void {
    const { metadata } = (after ?? before) as StoredObject;
    const { nowMs } = this.#books;
    const key = `${kind.resource.plural}/${metadata.uid}`;
    const times = (this.#writtenMs.get(key) ?? []).filter((atMs) => atMs > nowMs - 10_000);
    times.push(nowMs);
    this.#writtenMs.set(key, times);
    if (times.length > 40)
      this.fail("I10", `${kind.resource.plural} ${metadata.name} was written ${times.length} times in 10 s`);
  }
}
