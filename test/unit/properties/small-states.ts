import type { Pod } from "../../../src/api/pod.ts";
import type { Action } from "../../../src/plan/actions.ts";
import type { Observation } from "../../../src/plan/observation.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { NEW, OLD } from "../../support/a-revision.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";

/**
 * What a pod can be, as far as the rules can tell pods apart. Pods of one kind are interchangeable, so a state is how many
 * there are of each.
 *
 * o = old, n = new; U = up, D = down, S = starting behind its closed gate, X = patched, its container not restarted yet,
 * Y = restarted behind its closed gate; * = named for deletion.
 */
export type Kind = string;

/** One spec, in numbers. */
export interface Config {
  type: "ReCreate" | "InPlaceIfPossible";
  replicas: number;
  partition: number;
  maxUnavailable: number;
  maxSurge: number;
  /** `scaleStrategy.maxUnavailable`. */
  scaleMaxUnavailable?: number;
  /** Old pods that are down stay down: only new ones can help. */
  oldStayDown?: boolean;
}

/** Kinds in order, separated by blanks. */
export type State = string;

const IN_PLACE_STATE = JSON.stringify({
  revision: NEW,
  updateTimestamp: "2026-01-01T11:59:00Z",
  lastContainerStatuses: { app: { imageID: "id-of-app:v1", containerID: "run-before" } },
});

const STAGES: Record<string, GivenPod> = {
  U: {},
  D: { ready: false },
  S: { ready: false, state: "PreparingNormal", gate: "absent" },
  X: {
    ready: false,
    state: "Updating",
    gate: "False",
    annotations: { "apps.kruise.io/inplace-update-state": IN_PLACE_STATE },
    container: { image: "app:v1", imageID: "id-of-app:v1", containerID: "run-before", state: "running" },
  },
  Y: {
    ready: false,
    state: "Updating",
    gate: "False",
    annotations: { "apps.kruise.io/inplace-update-state": IN_PLACE_STATE },
    container: { containerID: "run-after", state: "running" },
  },
};

/** Every spec of up to `most` pods, surge included. */
export function configs(most: number): Config[] {
  const found: Config[] = [];
  for (const type of ["ReCreate", "InPlaceIfPossible"] as const) {
    for (let replicas = 0; replicas <= most; replicas++) {
      for (let maxSurge = 0; maxSurge <= most - replicas; maxSurge++) {
        for (let partition = 0; partition <= replicas; partition++) {
          for (let maxUnavailable = 0; maxUnavailable <= replicas; maxUnavailable++) {
            const config = { type, replicas, partition, maxUnavailable, maxSurge };
            found.push(config);
            // Where pods are held back, old ones that are down for good are never all replaced: there is no goal.
            if (partition === 0) {
              found.push({ ...config, oldStayDown: true }, { ...config, oldStayDown: true, scaleMaxUnavailable: 1 });
            }
          }
        }
      }
    }
  }
  return found;
}

/** Every state of up to `most` pods that are old or new, up or down, named or not. */
export function startStates(most: number): State[] {
  const kinds = ["oU", "oD", "nU", "nD"].flatMap((kind) => [kind, `${kind}*`]);
  const extend = (chosen: Kind[], from: number): State[] => [
    stateOf(chosen),
    ...(chosen.length === most ? [] : kinds.slice(from).flatMap((kind, i) => extend([...chosen, kind], from + i))),
  ];
  return extend([], 0);
}

function stateOf(kinds: readonly Kind[]): State {
  return kinds.toSorted().join(" ");
}

function kindsOf(state: State): Kind[] {
  return state === "" ? [] : state.split(" ");
}

const isUp = (kind: Kind) => kind[1] === "U";
const isNamed = (kind: Kind) => kind.endsWith("*");

export interface Finding {
  config: Config;
  state: State;
  what: string;
}

export interface Exploration {
  states: number;
  plans: number;
  findings: Finding[];
}

/**
 * Explores every state that can be reached from the start states, by passes (whole, or broken off after any action) and by
 * whatever nodes may do, and checks each plan on the way. Then looks whether every way forward ends: steps of the
 * controller and good steps of nodes must lead to the goal, whatever their order, and never round in a circle.
 */
export function explore(config: Config, starts: readonly State[]): Exploration {
  const planner = new Planner(config);
  const findings: Finding[] = [];
  const find = (state: State, what: string) => {
    if (findings.length < 10) findings.push({ config, state, what });
  };
  const forward = new Map<State, State[]>();
  const open = [...starts];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (forward.has(state)) continue;
    const planned = planner.plan(state);
    for (const what of planned.broken) find(state, what);
    if (planned.removes && planner.plan(planned.next).creates) find(state, "removes a pod only to make another one");
    const good = [...new Set([planned.next, ...goodSteps(state, config)])].filter((next) => next !== state);
    forward.set(state, good);
    if (good.length === 0 && !planner.isGoal(state)) find(state, "nothing more happens");
    open.push(...good, ...planned.partial, ...badSteps(state));
  }
  // Without room to move and without surge, users have asked for a standstill; the webhook refuses it.
  const mayMove = config.maxUnavailable + config.maxSurge > 0 || config.replicas === 0;
  const stuck = mayMove ? findings : findings.filter(({ what }) => what !== "nothing more happens");
  const circle = circleIn(forward);
  if (circle) stuck.push({ config, state: circle.join(" → "), what: "goes round in a circle" });
  return { states: forward.size, plans: planner.plans, findings: stuck };
}

/** What nodes do when all is well, one pod at a time. */
function goodSteps(state: State, { oldStayDown = false }: Config): State[] {
  return eachPod(state, (kind) => {
    const name = isNamed(kind) ? "*" : "";
    if (oldStayDown && kind.startsWith("oD")) return [];
    if (kind[1] === "D") return [`${kind[0]}U${name}`];
    return kind[1] === "X" ? [`${kind[0]}Y${name}`] : [];
  });
}

/** What else may befall a pod: it breaks, or is gone. */
function badSteps(state: State): State[] {
  const kinds = kindsOf(state);
  return [
    ...eachPod(state, (kind) => (isUp(kind) ? [`${kind[0]}D${kind.slice(2)}`] : [])),
    ...kinds.map((_, i) => stateOf(kinds.toSpliced(i, 1))),
  ];
}

function eachPod(state: State, step: (kind: Kind) => Kind[]): State[] {
  const kinds = kindsOf(state);
  return kinds.flatMap((kind, i) => step(kind).map((next) => stateOf(kinds.toSpliced(i, 1, next))));
}

/** The plans of one spec. */
class Planner {
  readonly #config: Config;
  readonly #empty: Observation;
  readonly #pods = new Map<string, Pod>();
  plans = 0;

  constructor(config: Config) {
    this.#config = config;
    this.#empty = anObservation({ ...config, pods: [] });
  }

  /** The state after the plan, those after each part of it, and what it breaks. */
  plan(state: State): { next: State; partial: State[]; broken: string[]; removes: boolean; creates: boolean } {
    this.plans += 1;
    const kinds = kindsOf(state);
    const pods = kinds.map((kind, i) => this.#pod(kind, i));
    const planned = workPlan({ ...this.#empty, pods });
    const place = new Map(pods.map((pod, i) => [pod.uid, i]));
    const after = (actions: readonly Action[]): Kind[] => {
      const left: (Kind | undefined)[] = [...kinds];
      const born: Kind[] = [];
      for (const action of actions) {
        if (action.kind === "createPod") born.push(this.#born(action.revision));
        else if ("pod" in action) {
          const at = place.get(action.pod.uid) ?? -1;
          left[at] = moved(left[at] ?? "", action);
        } else throw new Error(`nothing asks for ${action.kind}`);
      }
      return [...left.filter((kind) => kind !== undefined), ...born];
    };
    const { actions } = planned;
    const partial = actions.length > 1 ? actions.map((action) => stateOf(after([action]))) : [];
    const next = after(actions);
    const surplus = actionsOf(actions, "deletePod").flatMap(({ pod, reason }) =>
      reason === "scaleDown" ? [kinds[place.get(pod.uid) ?? -1] ?? ""] : [],
    );
    return {
      next: stateOf(next),
      partial,
      broken: this.#broken(kinds, { next, surplus, actions }),
      removes: surplus.length > 0,
      creates: actions.some(({ kind }) => kind === "createPod"),
    };
  }

  isGoal(state: State): boolean {
    const { replicas, partition } = this.#config;
    const kinds = kindsOf(state);
    const updated = kinds.filter((kind) => kind.startsWith("n")).length;
    return (
      kinds.length === replicas &&
      kinds.every((kind) => isUp(kind) && !isNamed(kind)) &&
      updated >= replicas - partition
    );
  }

  #broken(
    before: readonly Kind[],
    { next: after, surplus, actions }: { next: readonly Kind[]; surplus: readonly Kind[]; actions: readonly Action[] },
  ): string[] {
    const { replicas, maxUnavailable, maxSurge, partition } = this.#config;
    const up = (kinds: readonly Kind[]) => kinds.filter(isUp).length;
    const floor = Math.min(up(before), replicas - maxUnavailable);
    const ceiling = Math.max(before.length, replicas + maxSurge);
    const old = (kinds: readonly Kind[]) => kinds.filter((kind) => kind.startsWith("o"));
    const started = actionsOf(actions, "updatePodInPlace").length;
    const recreated = actionsOf(actions, "deletePod").filter(({ reason }) => reason === "recreateUpdate").length;
    const staysOld = Math.min(old(before).length, partition);
    const mayLeave = Math.max(old(before).filter((kind) => !isNamed(kind)).length - partition, 0);
    const surplusOld = up(old(surplus));
    return [
      ...(surplusOld > mayLeave ? [`${surplusOld} old ones that are up removed, want at most ${mayLeave}`] : []),
      ...(up(after) < floor ? [`${up(after)} up, the floor is ${floor}`] : []),
      ...(after.length > ceiling ? [`${after.length} pods, the ceiling is ${ceiling}`] : []),
      ...(started + recreated > 0 && old(after).length < staysOld
        ? [`${old(after).length} old, want ${staysOld}`]
        : []),
    ];
  }

  #born(revision: string): Kind {
    return `${revision === OLD ? "o" : "n"}${this.#config.type === "ReCreate" ? "D" : "S"}`;
  }

  #pod(kind: Kind, index: number): Pod {
    const key = `${kind} ${index}`;
    const known = this.#pods.get(key);
    if (known) return known;
    const pod = aPod({
      ...STAGES[kind[1] ?? ""],
      id: `bbbb${"bcdfghjklmnpqrst"[index]}`,
      revision: kind.startsWith("o") ? OLD : NEW,
      gated: this.#config.type !== "ReCreate",
      named: isNamed(kind),
    });
    this.#pods.set(key, pod);
    return pod;
  }
}

/** What becomes of a pod; undefined = it is gone. */
function moved(kind: Kind, action: Action & { pod: unknown }): Kind | undefined {
  const name = isNamed(kind) ? "*" : "";
  if (action.kind === "deletePod") return undefined;
  if (action.kind === "updatePodInPlace") return `nX${name}`;
  const isIntoService = action.kind === "refreshPod" && action.why === "Normal" && "SY".includes(kind[1] ?? " ");
  if (!isIntoService) throw new Error(`nothing asks for ${action.kind} of ${kind}`);
  return `${kind[0]}D${name}`;
}

/** A way that leads back to where it began; undefined if there is none. Depth first, without recursion: ways are long. */
function circleIn(forward: ReadonlyMap<State, readonly State[]>): State[] | undefined {
  const done = new Set<State>();
  for (const start of forward.keys()) {
    if (done.has(start)) continue;
    const way: { state: State; next: number }[] = [{ state: start, next: 0 }];
    const onWay = new Set([start]);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const next = forward.get(last.state)?.[last.next++];
      if (next === undefined) {
        done.add(last.state);
        onWay.delete(last.state);
        way.pop();
      } else if (onWay.has(next)) {
        return [...way.map(({ state }) => state).slice(way.findIndex(({ state }) => state === next)), next];
      } else if (!done.has(next)) {
        onWay.add(next);
        way.push({ state: next, next: 0 });
      }
    }
  }
  return undefined;
}
