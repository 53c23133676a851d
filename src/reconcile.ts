import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { CloneSet, CloneSetStatus } from "./api/cloneset.ts";
import type { Features } from "./api/features.ts";
import { instanceId } from "./api/pod.ts";
import { CLONE_SETS } from "./api/resource.ts";
import type { Announcement } from "./apply/announce.ts";
import { announcements, involved } from "./apply/announce.ts";
import type { Outcome } from "./apply/apply.ts";
import { apply } from "./apply/apply.ts";
import type { Decisions } from "./apply/decisions.ts";
import { LastLook } from "./apply/last-look.ts";
import { logFields } from "./apply/log-fields.ts";
import type { Named } from "./apply/look.ts";
import { look, lookBefore } from "./apply/look.ts";
import type { Refusals } from "./apply/refusals.ts";
import { creationRefusalAfter, refusalsAfter } from "./apply/refusals.ts";
import { settleOpen } from "./apply/settle-open.ts";
import type { Hands } from "./apply/writes.ts";
import { isConflict, isNotFound, messageOf, NotLeaderError } from "./kube/errors.ts";
import type { EventRecorder } from "./kube/events.ts";
import type { PassResult } from "./kube/queue.ts";
import { PassFailedError } from "./kube/queue.ts";
import { observe } from "./observe/observe.ts";
import type { Action } from "./plan/actions.ts";
import { describe } from "./plan/actions.ts";
import type { CreationRefusal, Observation } from "./plan/observation.ts";
import type { Plan, WorkPlan } from "./plan/plan.ts";
import { plan } from "./plan/plan.ts";
import { nextStatus, progressDeadlineInMs } from "./plan/status.ts";
import type { Surprise } from "./plan/surprise.ts";
import { surprise } from "./plan/surprise.ts";

const STATUS_EVERY_MS = 1000;
/** For how long a pass begins new writes. What it does not get to is planned anew, with all that has happened since. */
const PASS_MS = 500;
/** How much of the time may go into planning. A large CloneSet is looked at less often, so that others have their turn. */
const PLANNING_SHARE = 0.05;
/** A plan that takes longer for each pod is slow for other reasons: cold code, a busy machine. */
const PLANNING_MS_PER_POD = 0.02;
const WITHHELD_MS = 1000;

/** What one CloneSet leaves behind from pass to pass. Losing it costs nothing but a repeated event. */
interface Memory {
  uid: string;
  /** Objects whose last write has an unknown outcome: read them before anything is planned. */
  unsettled: Named[];
  /** When the status was last written, by the monotonic clock. */
  statusWrittenMs: number;
  /** Ids that were drawn for pods that did not come about. */
  spareIds: string[];
  refusals: Refusals;
  creationRefusal: CreationRefusal | undefined;
  /** What was already told and still lasts. */
  told: Set<string>;
  /** The last creations all succeeded. */
  creationsGoWell: boolean;
  /** Why nothing was done when that was last said. */
  idle: string;
}

export interface ReconcilerOptions extends Hands {
  recorder: Pick<EventRecorder, "record">;
  decisions: Pick<Decisions, "acted" | "idle" | "doubted">;
  log: Logger;
  features: Features;
}

/** Brings one CloneSet a step closer to what its spec says: observe, plan, apply, status. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #memory = new Map<string, Memory>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * One pass.
   *
   * @param key "namespace/name"
   * @throws {PassFailedError} if something went wrong that a retry may cure; everything else was carried out all the same
   */
  async reconcile(key: string): Promise<PassResult | undefined> {
    const { clock } = this.#options;
    await this.#settle(key);
    let startedMs = clock.monotonicMs();
    let seen = this.#observe(key);
    let planned = seen && plan(seen);
    const doubt = planned?.kind === "work" ? surprise(planned) : undefined;
    if (seen && doubt) {
      await this.#lookBefore(seen.cloneSet, doubt);
      startedMs = clock.monotonicMs();
      seen = this.#observe(key);
      planned = seen && plan(seen);
    }
    if (seen === undefined || planned === undefined) {
      this.#memory.delete(key);
      return undefined;
    }
    const { cloneSet } = seen;
    const memory = this.#remember(key, cloneSet.uid);
    if (memory.spareIds.length > 0) {
      const inUse = new Set([...seen.pods, ...seen.claims].map(instanceId));
      memory.spareIds = memory.spareIds.filter((id) => !inUse.has(id));
    }
    const planningMs = Math.min(clock.monotonicMs() - startedMs, seen.pods.length * PLANNING_MS_PER_POD);
    const nextMs = startedMs + planningMs / PLANNING_SHARE;
    const result = await this.#carryOut(memory, seen, planned, Math.max(startedMs + PASS_MS, nextMs));
    return { ...result, restMs: nextMs - clock.monotonicMs() };
  }

  #observe(key: string): Observation | undefined {
    const { caches, clock, features } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    const { spareIds = [], refusals = new Map(), creationRefusal } = this.#memory.get(key) ?? {};
    const given = { nowMs: clock.nowMs(), features, spareIds, refusals, creationRefusal };
    return observe(caches, { namespace, name }, given);
  }

  /** Before data goes, or many pods that nobody asked to go: what the plan went by is read live, and planned for anew. */
  async #lookBefore(cloneSet: CloneSet, doubt: Surprise): Promise<void> {
    const { decisions, log } = this.#options;
    if (doubt.claims) decisions.doubted("claims");
    if (doubt.unasked > 0) {
      decisions.doubted("pods");
      log.warn(
        { cloneset: `${cloneSet.namespace}/${cloneSet.name}`, pods: doubt.unasked },
        "about to delete many pods without an edit that asks for it: looking at all pods first",
      );
    }
    await answered("what the plan goes by", () => lookBefore(this.#options, cloneSet, doubt));
  }

  async #carryOut(
    memory: Memory,
    seen: Observation,
    planned: Plan,
    beginUntilMs: number,
  ): Promise<PassResult | undefined> {
    const { cloneSet } = seen;
    switch (planned.kind) {
      case "refused":
        this.#tell(memory, cloneSet, [{ type: "Warning", reason: "InvalidSpec", message: planned.why }]);
        return this.#writeStatus(memory, cloneSet, planned.status);
      case "revisions": {
        const outcomes = await apply(this.#options, cloneSet, planned.actions, { beginUntilMs });
        this.#report(memory, cloneSet, outcomes, []);
        memory.unsettled.push(...unsettledOf(outcomes));
        raise(outcomes);
        // The answers are in the caches, so the next pass goes on from here.
        return planned.actions.length > 0 ? { requeueAfterMs: 1 } : {};
      }
      case "work":
        return this.#work(memory, seen, planned, beginUntilMs);
    }
  }

  async #work(memory: Memory, seen: Observation, planned: WorkPlan, beginUntilMs: number): Promise<PassResult> {
    const { cloneSet, pods } = seen;
    const { reserveCounter, drawnAhead } = planned;
    let reserved = reserveCounter === undefined;
    /** The version that the status is worked out from, or that storing the counter made of it. */
    let version = cloneSet.resourceVersion;
    const reserve = async (counter: number) => {
      version = await this.#reserve(cloneSet, counter);
      reserved = true;
    };
    const first = reserveCounter === undefined ? undefined : () => reserve(reserveCounter);
    const lastLook = new LastLook(this.#options, cloneSet, planned.statusInput.targets);
    const pace = { beginUntilMs, creationsGoWell: memory.creationsGoWell, lastLook };
    const outcomes = await apply(this.#options, cloneSet, planned.actions, { reserve: first, ...pace });
    // Before anything else is sent: a server that did not answer this may not answer the next request either.
    memory.unsettled.push(...unsettledOf(outcomes));
    memory.creationsGoWell = goWellAfter(memory.creationsGoWell, outcomes);
    // Ids whose counter was not stored are not ours to use.
    if (reserved) memory.spareIds = spareIdsAfter([...memory.spareIds, ...drawnAhead], planned.actions, outcomes);
    const nowMs = this.#options.clock.nowMs();
    memory.refusals = refusalsAfter(memory.refusals, outcomes, nowMs);
    const when = { nowMs, generation: cloneSet.generation, pods: pods.length };
    memory.creationRefusal = creationRefusalAfter(memory.creationRefusal, outcomes, when);
    this.#report(memory, cloneSet, outcomes, planned.notes);
    const status = nextStatus({ ...planned.statusInput, failures: failuresOf(outcomes, planned) });
    if (planned.actions.length === 0) this.#tellIdle(memory, cloneSet, status);
    const written = await this.#writeStatus(memory, { ...cloneSet, resourceVersion: version }, status);
    const deadlineMs = progressDeadlineInMs(status, cloneSet.spec.progressDeadlineSeconds, this.#options.clock.nowMs());
    const isLeft = outcomes.length < planned.actions.length || outcomes.some(({ kind }) => kind === "stale");
    // What a last look spoke against is not tried again at once: the same plan would only meet the same objection.
    const isWithheld = outcomes.some(({ kind }) => kind === "withheld");
    const leftMs = isWithheld ? WITHHELD_MS : isLeft ? 1 : undefined;
    const next = soonest(planned.againInMs, deadlineMs, written?.requeueAfterMs, leftMs);
    raise(outcomes, next.requeueAfterMs);
    return next;
  }

  /** Settles what the last pass left open. Until that succeeds nothing is planned. */
  async #settle(key: string): Promise<void> {
    const memory = this.#memory.get(key);
    if (memory === undefined) return;
    for (let [next] = memory.unsettled; next !== undefined; [next] = memory.unsettled) {
      await answered(`${next.kind} ${next.name}`, () => settleOpen(this.#options, next));
      memory.unsettled.shift();
    }
  }

  #remember(key: string, uid: string): Memory {
    let memory = this.#memory.get(key);
    if (memory?.uid !== uid) {
      memory = {
        uid,
        unsettled: [],
        statusWrittenMs: Number.NEGATIVE_INFINITY,
        spareIds: [],
        refusals: new Map(),
        creationRefusal: undefined,
        told: new Set(),
        creationsGoWell: false,
        idle: "",
      };
      this.#memory.set(key, memory);
    }
    return memory;
  }

  /**
   * Stores the counter that new ids are drawn from, before any of them is used. The write carries the CloneSet's
   * version: whoever else plans for this CloneSet gets a conflict here and looks again.
   */
  async #reserve(cloneSet: CloneSet, instanceCounter: number): Promise<string> {
    return await this.#patchStatus(cloneSet, { instanceCounter });
  }

  /** @returns the version that came of it */
  async #patchStatus({ namespace, name, uid, resourceVersion }: CloneSet, status: object): Promise<string> {
    const { client, caches } = this.#options;
    const body = { metadata: { uid, resourceVersion }, status };
    try {
      const answer = await client.patch(CLONE_SETS, { namespace, name }, body, {
        type: "merge",
        subresource: "status",
      });
      caches.cloneSets.applied(answer);
      return answer.metadata.resourceVersion ?? "";
    } catch (error) {
      await answered(`cloneSet ${name}`, () => look(this.#options, { kind: "cloneSet", namespace, name, uid }));
      throw error;
    }
  }

  /** Writes the status if it differs as a whole: at once after a quiet second or for a new generation, else when the second is over. */
  async #writeStatus(memory: Memory, planned: CloneSet, status: CloneSetStatus): Promise<PassResult | undefined> {
    const { caches, clock, log } = this.#options;
    const cloneSet = caches.cloneSets.get(planned.namespace, planned.name);
    if (cloneSet?.uid !== planned.uid || isDeepStrictEqual(status, cloneSet.status)) return undefined;
    // Others wrote meanwhile, or a late write of ours came true: this status is one of yesterday.
    if (cloneSet.resourceVersion !== planned.resourceVersion) return { requeueAfterMs: 1 };
    const waitMs = memory.statusWrittenMs + STATUS_EVERY_MS - clock.monotonicMs();
    const newSpec = status.observedGeneration !== cloneSet.status.observedGeneration;
    if (waitMs > 0 && !newSpec) return { requeueAfterMs: waitMs };
    memory.statusWrittenMs = clock.monotonicMs();
    try {
      await this.#patchStatus(cloneSet, { ...status, pausedSplit: status.pausedSplit ?? null });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      // The status is worked out anew from what is there now; an old one is never forced through.
      if (isConflict(error)) return { requeueAfterMs: 1 };
      log.warn({ cloneset: `${cloneSet.namespace}/${cloneSet.name}`, error: messageOf(error) }, "status not written");
      throw new PassFailedError(messageOf(error));
    }
    return undefined;
  }

  #report(memory: Memory, cloneSet: CloneSet, outcomes: readonly Outcome[], notes: readonly Announcement[]): void {
    const { log, decisions } = this.#options;
    const cloneset = `${cloneSet.namespace}/${cloneSet.name}`;
    const failed: Announcement[] = [];
    for (const outcome of outcomes) {
      const line = describe(outcome.action);
      const fields = { cloneset, ...logFields(outcome.action) };
      decisions.acted(outcome);
      if (outcome.kind === "done") log.info(fields, line);
      else if (outcome.kind === "stale") log.debug(fields, `${line}: changed meanwhile, looking again`);
      else if (outcome.kind === "withheld")
        log.warn({ ...fields, rule: outcome.rule }, `withheld: ${line}: ${outcome.message}`);
      else log.warn({ ...fields, error: outcome.message }, `failed: ${line}`);
      if (outcome.kind === "done") this.#record(cloneSet, announcements(outcome));
      else failed.push(...announcements(outcome));
    }
    this.#tell(memory, cloneSet, [...notes, ...failed]);
  }

  /** Why nothing happens: counted every time, and logged when it changes. */
  #tellIdle(memory: Memory, { namespace, name }: CloneSet, { conditions }: CloneSetStatus): void {
    const { log, decisions } = this.#options;
    const { reason = "", message = "" } = conditions.find(({ type }) => type === "Ready") ?? {};
    decisions.idle(reason);
    if (memory.idle === `${reason} ${message}`) return;
    memory.idle = `${reason} ${message}`;
    log.info({ cloneset: `${namespace}/${name}`, reason }, `nothing to do now: ${message}`);
  }

  /** Tells what is new; what was told in the pass before and still lasts is not repeated. */
  #tell(memory: Memory, cloneSet: CloneSet, lasting: readonly Announcement[]): void {
    const keyOf = ({ reason, message }: Announcement) => `${reason} ${message}`;
    this.#record(
      cloneSet,
      lasting.filter((announcement) => !memory.told.has(keyOf(announcement))),
    );
    memory.told = new Set(lasting.map(keyOf));
  }

  #record(cloneSet: CloneSet, list: readonly Announcement[]): void {
    for (const { type, reason, message } of list)
      this.#options.recorder.record(involved(cloneSet), type, reason, message);
  }
}

function unsettledOf(outcomes: readonly Outcome[]): Named[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "unsettled" ? outcome.unknown : []));
}

/** @throws {PassFailedError} if something failed; `requeueAfterMs`: when the pass wants the next one all the same */
function raise(outcomes: readonly Outcome[], requeueAfterMs?: number): void {
  const failed = outcomes.filter((outcome) => outcome.kind === "failed" || outcome.kind === "unsettled");
  const [first] = failed;
  if (first === undefined) return;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more failures)` : "";
  throw new PassFailedError(`failed to ${describe(first.action)}: ${first.message}${more}`, requeueAfterMs);
}

/** Looks something up. A server that does not answer is no fault of ours: the pass failed, and is tried again. */
async function answered(what: string, find: () => Promise<unknown>): Promise<void> {
  try {
    await find();
  } catch (error) {
    if (error instanceof NotLeaderError) throw error;
    throw new PassFailedError(`cannot read ${what}: ${messageOf(error)}`);
  }
}

/**
 * The ids that are drawn and unused after a pass: those of pods that were refused, or not even tried. Those that were
 * tried come first, and so are tried again: a late request for one of them then meets its own name.
 */
function spareIdsAfter(before: readonly string[], actions: readonly Action[], outcomes: readonly Outcome[]): string[] {
  const made = new Set(
    outcomes.flatMap(({ kind, action }) => (kind === "done" && action.kind === "createPod" ? [action.instanceId] : [])),
  );
  const drawn = actions.flatMap((action) => (action.kind === "createPod" ? [action.instanceId] : []));
  return [...new Set([...drawn, ...before])].filter((id) => !made.has(id));
}

/** Whether creations go well: unless some were tried, as they went before. */
function goWellAfter(before: boolean, outcomes: readonly Outcome[]): boolean {
  const creations = outcomes.filter(({ action }) => action.kind === "createPod");
  return creations.length === 0 ? before : creations.every(({ kind }) => kind === "done");
}

/** First failure of scaling and of updating. */
function failuresOf(
  outcomes: readonly Outcome[],
  { problems, scaleProblem }: WorkPlan,
): { scale: string | undefined; update: string | undefined } {
  const messages = (isKind: (outcome: Outcome) => boolean) =>
    outcomes.flatMap((outcome) =>
      isKind(outcome) && (outcome.kind === "failed" || outcome.kind === "unsettled")
        ? [`${describe(outcome.action)}: ${outcome.message}`]
        : [],
    );
  const scaling = ({ action }: Outcome) =>
    action.kind === "createPod" || (action.kind === "deletePod" && action.reason !== "recreateUpdate");
  return {
    scale: messages(scaling)[0] ?? scaleProblem,
    update: messages((outcome) => !scaling(outcome))[0] ?? problems[0],
  };
}

function soonest(...delays: (number | undefined)[]): PassResult {
  const known = delays.filter((delay) => delay !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
}
