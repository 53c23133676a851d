import type { JsonMap } from "../../src/sandbox/objects.ts";
import { seededRandom, seedOf } from "../../src/sandbox/seeded-random.ts";
import type { Fault, Meddling, Scenario, Step, Viewed } from "./scenario.ts";

const VIEWED: readonly Viewed[] = ["pods", "persistentvolumeclaims", "controllerrevisions", "clonesets"];
/** When everything that is done to the cluster is over. */
const END_MS = 240_000;

/** Dice of one seed. */
class Dice {
  readonly roll: () => number;
  constructor(seed: number) {
    this.roll = seededRandom(seed);
  }
  /** A whole number from `least` to `most`, both included. */
  from(least: number, most: number): number {
    return least + Math.floor(this.roll() * (most - least + 1));
  }
  chance(probability: number): boolean {
    return this.roll() < probability;
  }
  of<T>(...choices: [T, ...T[]]): T {
    return choices[Math.floor(this.roll() * choices.length)] ?? choices[0];
  }
}

/** One random cluster with its users and its bad luck. Swarm: each seed turns a random subset of the faults on. */
export function generate(seed: number): Scenario {
  const dice = new Dice(seedOf("scenario", seed));
  const count = dice.chance(0.25) ? 2 : 1;
  const drafts = Array.from({ length: count }, (_, index) => new Draft(dice, index, count === 1 ? 6 : 4));
  const steps = drafts.flatMap((draft, index) => draft.steps(index));
  const faults = drawFaults(
    new Dice(seedOf("faults", seed)),
    steps.map(({ atMs }) => atMs),
  );
  const claims = new Dice(seedOf("claims", seed));
  const claimEdits = drafts.flatMap((draft, index) => draft.claimEdits(index, claims));
  const needsLease = faults.some(({ kind }) => kind === "F4" || kind === "F5");
  return {
    seed,
    cloneSets: drafts.map(({ name, initial }) => ({ name, spec: initial })),
    steps: [...steps, ...claimEdits].sort((a, b) => a.atMs - b.atMs),
    faults,
    endMs: END_MS,
    pace: {
      bindMs: dice.of(1, 20, 500),
      noticeMs: dice.of(1, 20, 300),
      readyMs: dice.of(0, 500, 5000),
      terminateMs: dice.of(0, 1000, 10_000),
      volumeMs: dice.of(1, 100, 3000),
      hookMs: dice.of(100, 3000, 20_000),
      gcMs: dice.of(5, 200, 3000),
    },
    features: {
      ...(dice.chance(0.1) ? { CloneSetPartitionRollback: true } : {}),
      ...(claimEdits.length > 0 && claims.chance(0.6) ? { RecreatePodWhenChangeVCTInCloneSetGate: true } : {}),
    },
    leaderElection: needsLease || dice.chance(0.1),
  };
}

type Number_ = number | string;

/** A CloneSet and what its users come to want of it. */
class Draft {
  readonly name: string;
  readonly initial: JsonMap;
  readonly #dice: Dice;
  readonly #type: string;
  readonly #hooks: {
    preDelete: boolean;
    inPlaceUpdate: boolean;
    preNormal: boolean;
    notReady: boolean;
    finalizers: boolean;
  };
  readonly #containers: number;
  readonly #batches: boolean;
  readonly #maxReplicas: number;
  /** Pods count as available only after hours: nothing can be rolled out, but scaling goes on. */
  readonly #isPatient: boolean;
  readonly #graceSeconds: number;
  #replicas: number;
  #surge: Number_;
  #version = 1;
  #env = 0;
  #wasBad = false;

  constructor(dice: Dice, index: number, maxReplicas: number) {
    this.#dice = dice;
    this.name = index === 0 ? "web" : "job";
    this.#maxReplicas = maxReplicas;
    this.#replicas = dice.from(1, maxReplicas - 1);
    this.#type = dice.of(
      "ReCreate",
      "ReCreate",
      "InPlaceIfPossible",
      "InPlaceIfPossible",
      "InPlaceIfPossible",
      "InPlaceOnly",
      "OnDelete",
    );
    this.#surge =
      this.#type === "InPlaceOnly" || this.#type === "OnDelete" ? 0 : dice.of<Number_>(0, 0, 0, 1, 2, "50%");
    const hooked = dice.chance(0.25);
    this.#hooks = {
      preDelete: hooked && dice.chance(0.6),
      inPlaceUpdate: hooked && dice.chance(0.6),
      preNormal: hooked && dice.chance(0.2),
      notReady: hooked && dice.chance(0.3),
      finalizers: hooked && dice.chance(0.3),
    };
    this.#containers = dice.of(1, 1, 2);
    this.#batches = this.#containers > 1 && dice.chance(0.3);
    this.#graceSeconds = dice.of(0, 0, 30);
    const claims = dice.chance(0.4);
    this.#isPatient = dice.chance(0.06);
    this.initial = {
      replicas: this.#replicas,
      selector: { matchLabels: { app: this.name } },
      template: this.#template(),
      ...(claims ? { volumeClaimTemplates: [claimTemplate()] } : {}),
      minReadySeconds: this.#isPatient ? 7200 : dice.of(0, 0, 0, 5, 30),
      revisionHistoryLimit: dice.of(10, 10, 2, 0),
      scaleStrategy: {
        ...(dice.chance(0.2) && !this.#isPatient ? { maxUnavailable: dice.of<Number_>(1, 2, "50%") } : {}),
        ...(claims && dice.chance(0.4) ? { disablePVCReuse: true } : {}),
      },
      updateStrategy: {
        type: this.#type,
        maxUnavailable: this.#maxUnavailable(),
        maxSurge: this.#surge,
        partition: dice.of<Number_>(0, 0, 0, 1, "50%"),
        ...(dice.chance(0.15) ? { inPlaceUpdateStrategy: { gracePeriodSeconds: dice.of(2, 10) } } : {}),
      },
      ...(hooked ? { lifecycle: this.#lifecycle() } : {}),
      ...(dice.chance(0.2) ? { progressDeadlineSeconds: 60 } : {}),
    };
  }

  steps(cloneSet: number): Step[] {
    const dice = this.#dice;
    const steps: Step[] = [];
    const count = dice.from(1, 6);
    let atMs = dice.of(0, 5000, 20_000);
    for (let i = 0; i < count; i++) {
      atMs += dice.of(0, 100, 3000, 20_000, 45_000);
      if (atMs > END_MS - 10_000) break;
      steps.push(this.#step(cloneSet, atMs));
    }
    // Whatever was tried, in the end the image is good and nothing is held back for ever.
    const updateStrategy = { paused: false, ...(this.#wasBad || dice.chance(0.7) ? { partition: 0 } : {}) };
    if (dice.chance(0.9) && !this.#isPatient) this.#version += dice.of(0, 1);
    steps.push({
      atMs: END_MS - 5000,
      cloneSet,
      kind: "patch",
      spec: { template: this.#template(), updateStrategy },
      why: "last word",
    });
    return steps;
  }

  /** Other claim templates, now and then. They have dice of their own: without them a seed tells the same story as with none. */
  claimEdits(cloneSet: number, dice: Dice): Step[] {
    const chosen = dice.chance(0.3) ? dice.from(1, 2) : 0;
    if (this.#isPatient || !("volumeClaimTemplates" in this.initial)) return [];
    return Array.from({ length: chosen }, () => ({
      atMs: dice.from(1000, END_MS - 10_000),
      cloneSet,
      kind: "patch",
      spec: { volumeClaimTemplates: [claimTemplate(dice.of("1Gi", "2Gi", "3Gi"))] },
      why: "other claim templates",
    }));
  }

  #step(cloneSet: number, atMs: number): Step {
    const dice = this.#dice;
    const patch = (why: string, spec: JsonMap): Step => ({ atMs, cloneSet, kind: "patch", spec, why });
    // Named pods that are ready wait for a budget that there is none of while no pod counts as available.
    switch (this.#isPatient ? dice.from(6, 9) : dice.from(0, 12)) {
      case 0:
      case 1:
      case 2:
        if (dice.chance(0.15))
          return patch("same image, other tag", { template: this.#template(`app:v${this.#version}-retag`) });
        this.#version += 1;
        return patch("new image", { template: this.#template() });
      case 3:
        if (this.#type !== "InPlaceOnly") this.#env += 1;
        return patch("new env", { template: this.#template() });
      case 4:
        this.#version = Math.max(1, this.#version - 1);
        return patch("image set back", { template: this.#template() });
      case 5:
        if (this.#type === "OnDelete") return patch("history", { revisionHistoryLimit: 3 });
        this.#wasBad = true;
        return patch("bad image", { template: this.#template("app:bad") });
      case 6:
      case 7:
        this.#replicas = dice.from(0, this.#maxReplicas);
        return { atMs, cloneSet, kind: "scale", replicas: this.#replicas };
      case 8:
        return patch("partition", { updateStrategy: { partition: dice.of<Number_>(0, 1, 2, "50%", "100%") } });
      case 9:
        return patch("paused", { updateStrategy: { paused: dice.chance(0.6) } });
      case 10:
        return {
          atMs,
          cloneSet,
          kind: "name",
          picks: Array.from({ length: dice.from(1, 2) }, () => dice.from(0, 1000)),
          scaleIn: dice.chance(0.5),
        };
      case 11:
        if (dice.chance(0.7)) return { atMs, cloneSet, kind: "label", pick: dice.from(0, 1000) };
        return {
          atMs,
          cloneSet,
          kind: "delete",
          policy: dice.of("Background", "Foreground", "Orphan"),
          againMs: dice.of(undefined, 0, 500, 10_000),
        };
      default:
        return patch("budget", { updateStrategy: { maxUnavailable: this.#maxUnavailable() } });
    }
  }

  #maxUnavailable(): Number_ {
    return this.#surge === 0
      ? this.#dice.of<Number_>(1, 1, 2, "20%", "50%", "100%")
      : this.#dice.of<Number_>(0, 1, 2, "20%", "50%");
  }

  #template(image = `app:v${this.#version}`): JsonMap {
    const { preDelete, inPlaceUpdate, finalizers } = this.#hooks;
    const priority = (value: string) => (this.#batches ? [{ name: "KRUISE_CONTAINER_PRIORITY", value }] : []);
    const env = this.#env > 0 ? [{ name: "LEVEL", value: String(this.#env) }] : [];
    return {
      metadata: {
        labels: {
          app: this.name,
          ...(preDelete && !finalizers ? { "hold/delete": "true" } : {}),
          ...(inPlaceUpdate ? { "hold/update": "true" } : {}),
        },
        ...(preDelete && finalizers ? { finalizers: ["hold/delete"] } : {}),
      },
      spec: {
        terminationGracePeriodSeconds: this.#graceSeconds,
        containers: [
          { name: "app", image, env: [...env, ...priority("10")] },
          ...(this.#containers > 1 ? [{ name: "side", image: image.replace("app", "side") }] : []),
        ],
      },
    };
  }

  #lifecycle(): JsonMap {
    const { preDelete, inPlaceUpdate, preNormal, notReady, finalizers } = this.#hooks;
    const mark = notReady ? { markPodNotReady: true } : {};
    return {
      ...(preDelete
        ? {
            preDelete: finalizers
              ? { finalizersHandler: ["hold/delete"], ...mark }
              : { labelsHandler: { "hold/delete": "true" }, ...mark },
          }
        : {}),
      ...(inPlaceUpdate ? { inPlaceUpdate: { labelsHandler: { "hold/update": "true" }, ...mark } } : {}),
      ...(preNormal ? { preNormal: { labelsHandler: { "pass/normal": "true" } } } : {}),
    };
  }
}

function claimTemplate(storage = "1Gi"): JsonMap {
  return {
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  };
}

type Kind = Fault["kind"];
const KINDS = Array.from({ length: 26 }, (_, i) => `F${i + 1}` as Kind);

function drawFaults(dice: Dice, stepTimesMs: readonly number[]): Fault[] {
  if (dice.chance(0.08)) return [];
  const on = KINDS.filter(() => dice.chance(0.2));
  return on.flatMap((kind) => Array.from({ length: dice.from(1, 3) }, () => draw(kind, dice, stepTimesMs)));
}

function draw(kind: Kind, dice: Dice, stepTimesMs: readonly number[]): Fault {
  const nth = dice.chance(0.6) ? dice.from(0, 25) : dice.from(0, 90);
  // Often just when there is something to do.
  const busyMs = dice.of(0, ...stepTimesMs) + dice.from(0, 3000);
  const atMs = Math.min(dice.chance(0.6) ? busyMs : dice.from(0, END_MS), END_MS - 30_000);
  const resource = dice.of<Viewed>("pods", "pods", ...VIEWED);
  const downMs = dice.of(10, 2000, 15_000);
  switch (kind) {
    case "F1":
    case "F2":
      return { kind, nth, downMs };
    case "F3":
      return { kind, atMs, downMs, lagMs: dice.from(1000, 30_000), resource };
    case "F4":
      return { kind, atMs };
    case "F5":
      if (dice.chance(0.3)) return { kind, atMs: 0, what: "rate", rate: dice.of(0.8, 0.95, 1.05, 1.25) };
      return dice.chance(0.5)
        ? { kind, atMs, what: "leaseOut", ms: dice.of(1000, 8000, 30_000) }
        : { kind, atMs, what: "jump", ms: dice.of(-3_600_000, -1000, 1000, 3_600_000) };
    case "F6":
      return { kind, atMs, ms: dice.of(100, 3000, 20_000, 60_000) };
    case "F7":
      return {
        kind,
        atMs,
        downMs,
        features: dice.of({ CloneSetShortHash: true }, { CloneSetPartitionRollback: true }, {}),
      };
    case "F8":
      return { kind, nth };
    case "F9":
      return { kind, nth, count: dice.from(1, 8), seconds: dice.of(1, 2, 5) };
    case "F10":
      return { kind, nth, count: dice.of(1, 1, 3, 8), code: dice.of(500, 503, 504) };
    case "F11":
      return {
        kind,
        nth,
        count: dice.of(1, 1, 3, 8),
        code: dice.of(500, 503, 504),
        lagMs: dice.of(0, 0, 2000, 15_000),
      };
    case "F12":
      return { kind, nth, applied: dice.chance(0.6), blindMs: dice.of(0, 15_000) };
    case "F13":
    case "F14":
      return {
        kind,
        nth,
        count: dice.of(1, 5, 20),
        only: dice.of(
          "POST pods",
          "POST persistentvolumeclaims",
          "PATCH pods",
          "DELETE pods",
          "PATCH pods/status",
          "PATCH clonesets/status",
        ),
      };
    case "F15":
      return { kind, nth, ms: dice.of(200, 3000, 9000, 12_000), side: dice.of("up", "down") };
    case "F16":
      return { kind, atMs, ms: dice.of(1000, 10_000, 60_000), resource };
    case "F17": {
      const at = dice.from(0, dice.of(40, 150));
      return { kind, resource, nth: at, ms: at % 2 === 0 ? 20_000 : 0 };
    }
    case "F18":
      return { kind, resource, nth: dice.from(0, dice.of(40, 150)) };
    case "F19": {
      const lag = () => dice.of(0, 50, 500, 2000);
      return {
        kind,
        atMs: 0,
        lagsMs: { pods: lag(), persistentvolumeclaims: lag(), controllerrevisions: lag(), clonesets: lag() },
      };
    }
    case "F20":
      return { kind, atMs };
    case "F21":
      return { kind, atMs, downMs: dice.of(500, 5000), behindMs: dice.of(0, 5000, 20_000), mute: dice.chance(0.3) };
    case "F22":
      return { kind, atMs, ms: dice.of(5000, 30_000), listMs: dice.of(500, 4000, 9000) };
    case "F23":
      if (dice.chance(0.15))
        return { kind, atMs, what: "nodeLoss", pick: dice.from(0, 1000), ms: dice.of(20_000, 100_000, 400_000) };
      return { kind, atMs, what: dice.of("crash", "crash", "evict", "delete", "force"), pick: dice.from(0, 1000) };
    case "F24":
      if (dice.chance(0.3)) return { kind, atMs, what: "stuck" };
      return { kind, atMs, what: dice.of("pending", "finalizer"), ms: dice.of(10_000, 60_000) };
    case "F25":
      return {
        kind,
        atMs,
        what: dice.of<Meddling>(
          "annotate",
          "annotate",
          "release",
          "orphanPod",
          "stranger",
          "foreignPod",
          "unknownRevision",
          "finalizer",
          "touchCloneSet",
          "claimOwner",
          "dropState",
        ),
        pick: dice.from(0, 1000),
      };
    case "F26":
      return { kind, atMs, ms: dice.of(5000, 30_000), what: dice.of("down", "expired") };
  }
}
