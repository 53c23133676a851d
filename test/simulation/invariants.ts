import type { ApiServer } from "../../src/sandbox/api-server.ts";
import { claimNamesOf } from "../../src/sandbox/nodes.ts";
import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import { isMap, isSame } from "../../src/sandbox/objects.ts";
import type { Write } from "../../src/sandbox/store.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import { Knowledge } from "./knowledge.ts";
import type { Sending } from "./network.ts";
import { isStored } from "./network.ts";
import { pinsOf, preconditionsOf, STATE_TEST } from "./pins.ts";
import type { Scenario } from "./scenario.ts";
import type { Wanted } from "./truth.ts";
import {
  blocks,
  conditionOf,
  containersOf,
  differsInImagesOnly,
  GATE,
  hasGate,
  idOf,
  isActive,
  isOf,
  isSelected,
  isUp,
  ownerUid,
  podsOf,
  readySeconds,
  revisionOf,
  SPECIFIED,
  STATE,
  short,
  statusOf,
  templateOf,
} from "./truth.ts";
import { faultsOfWrite, whyNotFinished } from "./write-rules.ts";

/** An invariant does not hold. */
export interface Violation {
  invariant: string;
  what: string;
}

/** How long after hearing of something a pass may still be under way that did not know it yet. */
const PASS_MS = 1500;
/** The same where answers are slow or writes are tried again. */
const SLOW_PASS_MS = 45_000;
/** For so long a controller waits for the answer to a write. */
const GIVEN_UP_MS = 10_000;
/** For so long a write without an answer is sent again. */
const REPEATED_MS = 15_000;
/** With these, a process may not know what it wrote. */
const UNKNOWN = new Set(["F2", "F10", "F11", "F12", "F15", "F6", "F21", "F22"]);
const SLOW = new Set(["F6", "F9", "F10", "F11", "F12", "F15", "F22"]);

/**
 * Checks every write of a controller against the true state of the store.
 *
 * A controller cannot know what it was not told yet. So a bound is taken over all specs that it knew during the pass,
 * and a pod that others took down counts as serving until the controller has heard of it.
 */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly #server: ApiServer;
  readonly #clock: VirtualClock;
  readonly #passMs: number;
  readonly #slackSeconds: number;
  readonly #knowledge = new Map<string, Knowledge>();
  /** Pods that others took down: by uid, whose they were. */
  readonly #lost = new Map<string, { owner: string; readySinceMs: number }>();
  /** When pods came under an owner otherwise than by creation. */
  readonly #joined = new Map<string, number>();
  /** When pods lost their owner, and whose they were. */
  readonly #left = new Map<string, { atMs: number; owner: string }>();
  /** Claims of pods that a controller deleted while they were active. */
  readonly #deleted = new Set<string>();
  /** Per CloneSet and id: the pod that has or had it. */
  readonly #ids = new Map<string, { uid: string; maker: string; bornMs: number }>();
  /** Since when the gate of a pod is closed. */
  readonly #closed = new Map<string, number>();
  /** Pods that got an image since their gate was closed. */
  readonly #updating = new Set<string>();
  /** CloneSets that there are or were. */
  readonly #cloneSetUids = new Set<string>();
  readonly #perObject = new Map<string, number[]>();
  /** Who wrote an object last, by uid. */
  readonly #lastWriter = new Map<string, string>();
  readonly #hasUnknownAnswers: boolean;
  /** With the gate PartitionRollback, also updated pods move. */
  readonly #mayRollBack: boolean;
  #sending: Sending | undefined;
  writes = 0;
  podsCreated = 0;

  constructor({ server, clock, scenario }: { server: ApiServer; clock: VirtualClock; scenario: Scenario }) {
    this.#server = server;
    this.#clock = clock;
    this.#passMs = scenario.faults.some(({ kind }) => SLOW.has(kind)) ? SLOW_PASS_MS : PASS_MS;
    const rates = scenario.faults.some((fault) => fault.kind === "F5" && fault.what === "rate");
    const jumps = scenario.faults.some((fault) => fault.kind === "F5" && fault.what === "jump");
    this.#slackSeconds = jumps ? Number.POSITIVE_INFINITY : rates ? 20 : 2;
    const { features } = scenario;
    this.#mayRollBack =
      features.CloneSetPartitionRollback === true ||
      scenario.faults.some((fault) => fault.kind === "F7" && fault.features.CloneSetPartitionRollback === true);
    this.#hasUnknownAnswers = scenario.faults.some(({ kind }) => UNKNOWN.has(kind));
    server.onWrite((write) => {
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
    if (code !== 409 || this.#hasUnknownAnswers || object === undefined || sending.method === "POST") return;
    if (this.#lastWriter.get(object.metadata.uid) === sending.process) {
      this.fail(
        "W2",
        `${sending.method} ${sending.what} ${object.metadata.name} is in conflict with the process's own write`,
      );
    }
  }

  /** A process is told of an object. */
  told(process: string, object: unknown, isGone: boolean): void {
    if (isStored(object) && !("items" in object)) this.#known(process).hear(object, isGone, this.#nowMs);
  }

  fail(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
  }

  get #nowMs(): number {
    return this.#clock.monotonicMs();
  }

  #known(process: string): Knowledge {
    let known = this.#knowledge.get(process);
    if (known === undefined) this.#knowledge.set(process, (known = new Knowledge()));
    return known;
  }

  /** What its sender has given up, or took to its grave: no claim may be lost by it, and an extra pod goes again. */
  #comesLate({ sentMs, isOrphan }: Sending): boolean {
    return isOrphan === true || this.#nowMs - sentMs > GIVEN_UP_MS;
  }

  /** The specs that a process may have planned from. */
  #specs(process: string, uid: string, sentMs: number): Wanted[] {
    return this.#known(process).specsBetween(uid, sentMs - this.#passMs, sentMs + 1);
  }

  #wrote(write: Write): void {
    const sending = this.#sending;
    const isOurs = sending !== undefined && write.user === sending.process;
    const { kind, before, after, method, body } = write;
    switch (kind.resource.plural) {
      case "pods":
        this.#follow(write, isOurs ? sending : undefined);
        if (isOurs) this.#checkPodWrite(sending, write);
        break;
      case "persistentvolumeclaims":
        if (isOurs) this.#checkClaimWrite(write, sending);
        break;
      case "controllerrevisions":
        if (isOurs && method === "DELETE" && before) this.#checkForgotten(before);
        break;
      case "clonesets":
        if (isOurs && write.subresource !== "status")
          this.fail("spec", `a controller wrote the CloneSet itself: ${JSON.stringify(write.body)}`);
        if (isOurs && method === "PATCH" && pinsOf(body)["resourceVersion"] === undefined)
          this.fail("W1", `a patch of the status names no version: ${JSON.stringify(body)}`);
        if (
          isOurs &&
          after &&
          before &&
          Number(statusOf(after)["instanceCounter"]) < Number(statusOf(before)["instanceCounter"])
        ) {
          this.fail("I5", "the counter of instance ids goes back");
        }
        if (isOurs && after && Number(statusOf(after)["observedGeneration"]) > (after.metadata.generation ?? 0)) {
          this.fail("I12", "observedGeneration is ahead of the generation");
        }
        break;
    }
    if (kind.resource.plural === "clonesets" && after) this.#cloneSetUids.add(after.metadata.uid);
    if (!isOurs) return;
    this.violations.push(...faultsOfWrite(write));
    if (kind.resource.plural === "controllerrevisions" && before === undefined && after) this.#checkUnique(after);
    this.writes += 1;
    this.#checkLease(sending);
    this.#checkRate(write);
  }

  /** S26: a template has one revision. */
  #checkUnique(revision: StoredObject): void {
    const twin = this.#server
      .collection("controllerrevisions")
      .all()
      .find(
        (one) =>
          one.metadata.uid !== revision.metadata.uid &&
          ownerUid(one) === ownerUid(revision) &&
          isSame(one["data"], revision["data"]),
      );
    if (twin) this.fail("S26", `revision ${revision.metadata.name} is made of the template of ${twin.metadata.name}`);
  }

  /** L1: who does not hold the lease does not write. */
  #checkLease({ process }: Sending): void {
    const lease = this.#server
      .collection("leases")
      .all()
      .find(({ metadata }) => metadata.name === "cloneset-controller");
    const holder = (lease?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity;
    if (holder !== undefined && holder !== "" && holder !== process)
      this.fail("L1", `${process} writes, but ${holder} holds the lease`);
  }

  /** Keeps the books about pods. */
  #follow({ before, after, user }: Write, sending: Sending | undefined): void {
    const pod = after ?? before;
    if (pod === undefined) return;
    const { uid } = pod.metadata;
    const owner = before ? ownerUid(before) : undefined;
    const newOwner = after ? ownerUid(after) : undefined;
    if (before !== undefined && newOwner !== undefined && newOwner !== owner) this.#joined.set(uid, this.#nowMs);
    if (newOwner !== undefined) this.#left.delete(uid);
    else if (owner !== undefined) this.#left.set(uid, { atMs: this.#nowMs, owner });
    const gateWas = before && conditionOf(before, GATE);
    if (after && conditionOf(after, GATE) === "False" && gateWas !== "False")
      this.#closed.set(uid, sending?.sentMs ?? this.#nowMs);
    const wasUp = before !== undefined && isUp(before);
    const up = after !== undefined && isUp(after);
    if (up) this.#lost.delete(uid);
    else if (wasUp && owner !== undefined && sending === undefined && user !== "") {
      const nowMs = this.#clock.nowMs();
      this.#lost.set(uid, { owner, readySinceMs: nowMs - 1000 * readySeconds(before, nowMs) });
    }
    if (before === undefined && after !== undefined && newOwner !== undefined) {
      const id = idOf(after);
      if (id !== undefined && sending === undefined)
        this.#ids.set(`${newOwner}/${id}`, { uid, maker: user, bornMs: this.#nowMs });
    }
  }

  #checkPodWrite(sending: Sending, write: Write): void {
    const { before, after, method, body } = write;
    if (before === undefined) {
      if (after) this.#checkCreated(sending, after);
      return;
    }
    if (method === "PATCH") {
      const meta = pinsOf(body);
      if (meta["uid"] === undefined) this.fail("W1", `a patch of pod ${before.metadata.name} names no uid`);
      // The gate of a new pod opens whatever the pod's version, as long as the pod is in the state that this ends.
      const opensNewPod = meta[STATE_TEST] === "PreparingNormal" && after?.metadata.labels?.[STATE] === "Normal";
      if (meta["resourceVersion"] === undefined && !(opensNewPod && isSame(before["spec"], after["spec"])))
        this.fail("W1", `a patch of ${before.metadata.name} names no version: ${JSON.stringify(body)}`);
    }
    if (method === "DELETE" && preconditionsOf(body)["uid"] === undefined)
      this.fail("I4", `pod ${before.metadata.name} is deleted without a uid`);
    const uid = ownerUid(before);
    const cloneSet = this.#cloneSet(uid);
    if (uid === undefined || cloneSet === undefined) {
      const adopted = after && ownerUid(after);
      // What names a version is refused once the pod was let go of; what names none may just have been under way.
      const pins = method === "DELETE" ? preconditionsOf(body) : pinsOf(body);
      const isPinned = pins["resourceVersion"] !== undefined;
      const justLeft =
        !isPinned &&
        (this.#left.get(before.metadata.uid)?.atMs ?? Number.NEGATIVE_INFINITY) > sending.sentMs - this.#passMs;
      if (adopted === undefined && uid === undefined && !justLeft)
        this.fail("I6", `pod ${before.metadata.name} belongs to nobody and was written`);
      if (uid !== undefined && !this.#cloneSetUids.has(uid))
        this.fail("I6", `pod ${before.metadata.name} belongs to somebody else and was written`);
      return;
    }
    const specs = this.#specs(sending.process, uid, sending.sentMs);
    if (isUp(before) && (after === undefined || !isUp(after)))
      this.#checkFloor(sending, { pod: before, uid, specs, cloneSet });
    if (method === "DELETE") this.#checkDeleted(sending, before, { uid, specs, cloneSet });
    if (after && isActive(after)) this.#checkPatched(sending, before, after, { uid, specs, cloneSet });
  }

  /** I1: our own acts leave at least replicas - maxUnavailable pods serving. */
  #checkFloor(
    sending: Sending,
    { pod, uid, specs, cloneSet }: { pod: StoredObject; uid: string; specs: Wanted[]; cloneSet: StoredObject },
  ): void {
    // A request that its sender gave up may come at any time: no promise holds for it.
    if (specs.length === 0 || this.#comesLate(sending)) return;
    // Whose clock jumps cannot tell how long a pod has been ready.
    if (this.#slackSeconds === Number.POSITIVE_INFINITY && specs.some(({ minReadySeconds }) => minReadySeconds > 0))
      return;
    const isNamed = SPECIFIED in (pod.metadata.labels ?? {}) || specs.some(({ named }) => named.has(pod.metadata.name));
    const floor = Math.min(...specs.map(({ replicas, maxUnavailable }) => replicas - maxUnavailable));
    const minReady = isNamed
      ? 0
      : Math.min(...specs.map(({ minReadySeconds }) => minReadySeconds)) - this.#slackSeconds;
    const counts = (seconds: number) => minReady <= 0 || seconds > minReady;
    const nowMs = this.#clock.nowMs();
    // Whoever lost its owner serves on, and is taken back or not when the controller hears of it.
    const serving = this.#server
      .collection("pods")
      .all()
      .filter((one) => ownerUid(one) === uid || this.#left.get(one.metadata.uid)?.owner === uid)
      .filter((one) => isUp(one) && counts(readySeconds(one, nowMs)));
    // In doubt the pod was not available yet, and taking it cost nothing.
    const surelyReady =
      Math.min(...specs.map(({ minReadySeconds }) => minReadySeconds)) + (isNamed ? 0 : this.#slackSeconds);
    if (!isNamed && minReady > -this.#slackSeconds && readySeconds(pod, nowMs) <= surelyReady) return;
    const unheard = this.#unheard(sending, uid).filter(
      ([lost, { readySinceMs }]) => lost !== pod.metadata.uid && counts((nowMs - readySinceMs) / 1000),
    );
    const left = serving.length + unheard.length;
    if (left < floor) {
      this.fail(
        "I1",
        `${sending.method} ${pod.metadata.name} leaves ${serving.length} pods of ${cloneSet.metadata.name} serving (and ${unheard.length} not known to be down): the floor is ${floor}`,
      );
    }
  }

  /** Pods that others took down, and whose sender may have counted on them when it planned. */
  #unheard(sending: Sending, uid: string): [uid: string, lost: { owner: string; readySinceMs: number }][] {
    const { up } = this.#known(sending.process);
    return [...this.#lost].filter(([lost, { owner }]) => {
      const known = up.get(lost);
      return owner === uid && (known === true || (known !== undefined && known > sending.sentMs - this.#passMs));
    });
  }

  #checkCreated(sending: Sending, pod: StoredObject): void {
    this.podsCreated += 1;
    const uid = ownerUid(pod);
    const cloneSet = this.#cloneSet(uid);
    if (uid === undefined || cloneSet === undefined) {
      // The garbage collector takes it; but who is being deleted must not make pods.
      return;
    }
    const { name } = pod.metadata;
    const specs = this.#specs(sending.process, uid, sending.sentMs);
    const pods = podsOf(this.#server, uid);
    const active = pods.filter(
      (one) =>
        isActive(one) &&
        isSelected(one, cloneSet) &&
        (this.#joined.get(one.metadata.uid) ?? Number.NEGATIVE_INFINITY) < this.#nowMs - this.#passMs,
    );
    const ceiling = Math.max(...specs.map(({ replicas, maxSurge }) => replicas + maxSurge));
    // Given up long ago, by a process that may be dead: the pod is removed again.
    const comesLate = this.#comesLate(sending);
    if (specs.length > 0 && active.length > ceiling && !comesLate) {
      this.fail(
        "I2",
        `creating ${name} makes ${active.length} pods of ${cloneSet.metadata.name}: the ceiling is ${ceiling}`,
      );
    }
    this.#checkThrottle(sending, pod, { pods: pods.filter((one) => isSelected(one, cloneSet)), specs });
    this.#checkSurge(pod, { active, specs, cloneSet });
    const id = idOf(pod);
    if (id === undefined || name !== `${cloneSet.metadata.name}-${id}`) {
      this.fail("I5", `pod ${name} has the instance id ${id}`);
      return;
    }
    if (pods.some((one) => one !== pod && idOf(one) === id && one.metadata.uid !== pod.metadata.uid)) {
      this.fail("I5", `two pods have the instance id ${id}`);
    }
    const key = `${uid}/${id}`;
    const hadPod = this.#ids.get(key);
    const claims = this.#server
      .collection("persistentvolumeclaims")
      .all()
      .filter((claim) => idOf(claim) === id && ownerUid(claim) === uid);
    const hasClaims = claimNamesOf(pod).length > 0;
    // A create without an answer is sent again, also when others took the pod meanwhile: nobody can know of either.
    const isRepeated =
      this.#hasUnknownAnswers && hadPod?.maker === sending.process && this.#nowMs - hadPod.bornMs < REPEATED_MS;
    if (hadPod !== undefined && !hasClaims && !isRepeated)
      this.fail("I5", `instance id ${id} comes back without a claim`);
    if (hadPod !== undefined && hasClaims && claims.every(({ metadata }) => metadata.deletionTimestamp !== undefined)) {
      this.fail("I5", `instance id ${id} comes back, but its claims do not`);
    }
    this.#ids.set(key, { uid: pod.metadata.uid, maker: sending.process, bornMs: this.#nowMs });
    if (specs.length > 0 && specs.every(({ named }) => named.has(name)))
      this.fail("I7", `${name} is named in podsToDelete and created`);
    this.#checkPartition(sending, pod, { uid, specs, cloneSet, isNew: true });
  }

  /** S4: pods are created only while fewer than scaleStrategy.maxUnavailable are unavailable. */
  #checkThrottle(
    sending: Sending,
    pod: StoredObject,
    { pods, specs }: { pods: readonly StoredObject[]; specs: Wanted[] },
  ): void {
    const limit = Math.max(...specs.map(({ scaleMaxUnavailable }) => scaleMaxUnavailable));
    const { up, versions } = this.#known(sending.process);
    const down = pods.filter(
      (one) =>
        isActive(one) &&
        !isUp(one) &&
        one !== pod &&
        up.get(one.metadata.uid) !== true &&
        versions.has(one.metadata.uid),
    );
    const isLongOurs = (one: StoredObject) =>
      (this.#joined.get(one.metadata.uid) ?? Number.NEGATIVE_INFINITY) < sending.sentMs - this.#passMs;
    const surely = down.filter(
      (one) => Number(up.get(one.metadata.uid)) < sending.sentMs - this.#passMs && isLongOurs(one),
    );
    if (specs.length > 0 && surely.length >= limit) {
      this.fail(
        "S4",
        `${pod.metadata.name} is created while ${surely.length} pods are unavailable: the limit is ${limit}`,
      );
    }
  }

  /** I2: no surge for pods that can be patched where they are. */
  #checkSurge(
    pod: StoredObject,
    given: { active: readonly StoredObject[]; specs: Wanted[]; cloneSet: StoredObject },
  ): void {
    const { active, specs } = given;
    const inPlace =
      specs.length > 0 && specs.every(({ type, maxUnavailable }) => type.startsWith("InPlace") && maxUnavailable > 0);
    const replicas = Math.max(...specs.map((wanted) => wanted.replicas));
    // A slow create may arrive when what it was to stand in for is gone.
    if (!inPlace || active.length <= replicas || this.#passMs === SLOW_PASS_MS) return;
    const fit = (one: StoredObject) =>
      specs.every(({ template }) => differsInImagesOnly(one, template)) &&
      !revisionOf(one).endsWith("unknown") &&
      revisionOf(one) !== "";
    const isNamed = (one: StoredObject) =>
      SPECIFIED in (one.metadata.labels ?? {}) || specs.some(({ named }) => named.has(one.metadata.name));
    if (active.every((one) => fit(one) && !isNamed(one) && one.metadata.labels?.[STATE] !== "PreparingDelete")) {
      this.fail("I2", `${pod.metadata.name} is made as surge although every pod can be patched in place`);
    }
  }

  /** I3: no more pods are on the new revision than the partition lets go. */
  #checkPartition(
    sending: Sending,
    pod: StoredObject,
    { uid, specs, cloneSet, isNew }: { uid: string; specs: Wanted[]; cloneSet: StoredObject; isNew: boolean },
  ): void {
    const revision = revisionOf(pod);
    const { currentRevision: current = "" } = statusOf(cloneSet) as { currentRevision?: string };
    const currentIsThere = this.#server
      .collection("controllerrevisions")
      .get(cloneSet.metadata.namespace ?? "", current);
    if (!currentIsThere || current === "" || short(current) === short(revision)) return;
    const stored = this.#server
      .collection("controllerrevisions")
      .all()
      .find(({ metadata }) => short(metadata.name) === short(revision));
    const asking = specs.filter(({ template }) => stored && isOf(containersOf(templateOf(stored)), template));
    if (asking.length === 0 || specs.some(({ paused }) => paused)) return;
    const limit = Math.max(
      ...asking.map(({ replicas, partition, maxSurge }) => replicas - partition + (isNew ? maxSurge : 0)),
    );
    const onNew = podsOf(this.#server, uid).filter(
      (one) =>
        isActive(one) &&
        isSelected(one, cloneSet) &&
        short(revisionOf(one)) === short(revision) &&
        // It goes; what stands in for it has its place.
        !(SPECIFIED in (one.metadata.labels ?? {})) &&
        (this.#joined.get(one.metadata.uid) ?? Number.NEGATIVE_INFINITY) < sending.sentMs - this.#passMs,
    );
    if (onNew.length > limit) {
      this.fail(
        "I3",
        `${pod.metadata.name} is pod ${onNew.length} of ${cloneSet.metadata.name} on ${revision}: the partition lets ${limit} go`,
      );
    }
  }

  #checkPatched(
    sending: Sending,
    before: StoredObject,
    after: StoredObject,
    given: { uid: string; specs: Wanted[]; cloneSet: StoredObject },
  ): void {
    const { name } = before.metadata;
    const images = (pod: StoredObject) => containersOf(pod).map(({ image }) => image);
    const moved = short(revisionOf(before)) !== short(revisionOf(after));
    if (!isSame(images(before), images(after))) {
      if (hasGate(before) && conditionOf(before, GATE) === "True")
        this.fail("I13", `the image of ${name} is written while its gate is open`);
      this.#updating.add(before.metadata.uid);
      this.#checkGrace(before, given.specs);
      this.#checkHeld(before, given.specs);
    }
    if (conditionOf(after, GATE) === "True" && this.#updating.delete(before.metadata.uid)) {
      const why = whyNotFinished(before, after);
      if (why) this.fail("S18", why);
    }
    if (idOf(before) !== idOf(after)) this.fail("I5", `the instance id of ${name} changes`);
    if (!moved || revisionOf(before) === "") return;
    const { specs } = given;
    if (specs.length > 0 && specs.every(({ type, paused }) => type === "OnDelete" || paused)) {
      this.fail("S19", `${name} moves to ${revisionOf(after)} although no pod may be moved`);
    }
    this.#checkPartition(sending, after, { ...given, isNew: false });
  }

  /** I13: between the closing of the gate and the new image lies the grace period. */
  #checkGrace(pod: StoredObject, specs: readonly Wanted[]): void {
    const closedMs = this.#closed.get(pod.metadata.uid);
    if (closedMs === undefined || specs.length === 0 || this.#slackSeconds > 2) return;
    const graceSeconds = Math.min(...specs.map((wanted) => wanted.graceSeconds));
    const passedSeconds = (this.#nowMs - closedMs) / 1000;
    // Times are whole seconds, and the patch may have been tried for another one.
    if (passedSeconds < graceSeconds - 2)
      this.fail("I13", `${pod.metadata.name} had ${passedSeconds} s of its ${graceSeconds} s of grace`);
  }

  /** S22: a pod that its inPlaceUpdate hook holds gets no other image. */
  #checkHeld(pod: StoredObject, specs: readonly Wanted[]): void {
    const hooks = specs.flatMap(({ lifecycle }) =>
      isMap(lifecycle["inPlaceUpdate"]) ? [lifecycle["inPlaceUpdate"]] : [],
    );
    const state = pod.metadata.labels?.[STATE] ?? "";
    const mustWait = ["", "PreparingNormal", "Normal", "PreparingUpdate"].includes(state);
    if (mustWait && hooks.length > 0 && hooks.length === specs.length && hooks.every((hook) => blocks(hook, pod)))
      this.fail("S22", `the image of ${pod.metadata.name} is written while its inPlaceUpdate hook holds it`);
  }

  #checkDeleted(
    sending: Sending,
    pod: StoredObject,
    { uid, specs, cloneSet }: { uid: string; specs: Wanted[]; cloneSet: StoredObject },
  ): void {
    const { name, namespace = "" } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined || specs.length === 0) return;
    if (isActive(pod)) for (const claim of claimNamesOf(pod)) this.#deleted.add(`${namespace}/${claim}`);
    if (cloneSet.metadata.deletionTimestamp !== undefined && specs.length === 0)
      this.fail("I6", `${name} is deleted for a CloneSet that is going`);
    if (!isActive(pod)) return;
    const { labelled } = this.#known(sending.process);
    const isNamed = (one: StoredObject) =>
      (labelled.get(one.metadata.uid) ?? Number.POSITIVE_INFINITY) < sending.sentMs - this.#passMs ||
      specs.every(({ named }) => named.has(one.metadata.name));
    const mayBeNamed = SPECIFIED in (pod.metadata.labels ?? {}) || specs.some(({ named }) => named.has(name));
    const hooks = specs.every(({ lifecycle }) => isMap(lifecycle["preDelete"]))
      ? specs.map(({ lifecycle }) => lifecycle["preDelete"] as JsonMap)
      : [];
    if (hooks.length > 0 && hooks.every((hook) => blocks(hook, pod)))
      this.fail("S21", `${name} is deleted while its preDelete hook holds it`);
    const others = podsOf(this.#server, uid).filter((one) => isActive(one) && one.metadata.uid !== pod.metadata.uid);
    const unheard = this.#unheard(sending, uid).filter(
      ([lost]) => !others.some(({ metadata }) => metadata.uid === lost),
    );
    const left = others.length + unheard.length;
    const isMove = specs.some(({ type, template }) => type !== "OnDelete" && !isOf(containersOf(pod), template));
    const rests = specs.every(({ paused, type }) => paused || type === "OnDelete");
    const isLeaving = pod.metadata.labels?.[STATE] === "PreparingDelete";
    if (
      specs.every(({ type }) => type === "InPlaceOnly") &&
      !mayBeNamed &&
      !isLeaving &&
      left < Math.min(...specs.map(({ replicas }) => replicas))
    ) {
      this.fail("S20", `${name} is deleted to be made anew, under InPlaceOnly`);
    }
    const named = others.filter((one) => isNamed(one) && this.#heardAlive(sending, one));
    if (!mayBeNamed && named.length > 0 && (!isMove || rests) && pod.metadata.labels?.[STATE] !== "PreparingDelete") {
      this.fail("I7", `${name} is deleted while ${named.map(({ metadata }) => metadata.name).join(", ")} is named`);
    }
    const least = Math.min(...specs.map(({ replicas }) => replicas));
    const mayMove = isMove || this.#mayRollBack || !this.#isKnown(revisionOf(pod));
    if (!mayBeNamed && (rests || !mayMove) && left < least && pod.metadata.labels?.[STATE] !== "PreparingDelete") {
      this.fail("S24", `${name} of ${namespace} is deleted for no reason: ${left} pods are left of ${least}`);
    }
  }

  #isKnown(revision: string): boolean {
    return this.#server
      .collection("controllerrevisions")
      .all()
      .some(({ metadata }) => short(metadata.name) === short(revision));
  }

  #heardAlive(sending: Sending, pod: StoredObject): boolean {
    return this.#known(sending.process).versions.has(pod.metadata.uid);
  }

  /** I4: a claim goes only after its pod, and only for a cause that drops claims. */
  #checkClaimWrite({ method, before, after, body }: Write, sending: Sending): void {
    if (before === undefined || (method !== "DELETE" && after !== undefined)) return;
    if (before.metadata.deletionTimestamp !== undefined) return;
    const { name, namespace } = before.metadata;
    if (preconditionsOf(body)["uid"] === undefined) this.fail("I4", `claim ${name} is deleted without a uid`);
    const users = this.#server
      .collection("pods")
      .all()
      .filter((pod) => pod.metadata.namespace === namespace && isActive(pod) && claimNamesOf(pod).includes(name));
    if (users.length > 0) this.fail("I4", `claim ${name} of the living pod ${users[0]?.metadata.name} is deleted`);
    const specs = this.#specs(sending.process, ownerUid(before) ?? "", sending.sentMs);
    if (!this.#deleted.has(`${namespace}/${name}`) && specs.every(({ reuse }) => reuse)) {
      this.fail("I4", `claim ${name} is deleted although nobody but others took its pod`);
    }
  }

  /** I14: a revision that something is on is not forgotten. */
  #checkForgotten(revision: StoredObject): void {
    const { name } = revision.metadata;
    const uid = ownerUid(revision);
    const user =
      uid === undefined
        ? undefined
        : podsOf(this.#server, uid).find((pod) => isActive(pod) && short(revisionOf(pod)) === short(name));
    if (user) this.fail("I14", `revision ${name} is forgotten while ${user.metadata.name} is on it`);
  }

  /** I10: nothing is written over and over. */
  #checkRate({ kind, after, before }: Write): void {
    const { metadata } = (after ?? before) as StoredObject;
    const key = `${kind.resource.plural}/${metadata.uid}`;
    const times = (this.#perObject.get(key) ?? []).filter((atMs) => atMs > this.#nowMs - 10_000);
    times.push(this.#nowMs);
    this.#perObject.set(key, times);
    if (times.length > 40)
      this.fail("I10", `${kind.resource.plural} ${metadata.name} was written ${times.length} times in 10 s`);
  }

  #cloneSet(uid: string | undefined): StoredObject | undefined {
    for (const cloneSet of this.#server.collection("clonesets").values())
      if (cloneSet.metadata.uid === uid) return cloneSet;
    return undefined;
  }
}
