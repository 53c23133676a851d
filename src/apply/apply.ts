import type { CloneSet } from "../api/cloneset.ts";
import { ApiError, isConflict, isNamespaceTerminating, isRefused, messageOf, NotLeaderError } from "../kube/errors.ts";
import type { Action } from "../plan/actions.ts";
import { carryOut } from "./carry-out.ts";
import { inTurn } from "./in-turn.ts";
import type { LastLook, Objection, Rule } from "./last-look.ts";
import type { Named } from "./look.ts";
import { slowStart } from "./slow-start.ts";
import type { Hands } from "./writes.ts";
import { StaleError, UnsettledError } from "./writes.ts";

/** What came of one action. */
export type Outcome =
  | { kind: "done"; action: Action }
  /** The object changed under our hands, or is gone: nothing was written, and the next plan decides anew. */
  | { kind: "stale"; action: Action }
  /** A last look spoke against it: nothing was written. */
  | { kind: "withheld"; action: Action; rule: Rule; message: string }
  /** `refused`: the server will not have it; in a namespace that is being deleted nothing new at all. */
  | { kind: "failed"; action: Action; message: string; refused?: "asItIs" | "namespaceEnds" }
  /** It cannot be told whether the write was applied. Nothing may be planned before these objects were read live. */
  | { kind: "unsettled"; action: Action; message: string; unknown: Named[] };

/** A last look spoke against a write. */
class WithheldError extends Error {
  readonly objection: Objection;

  constructor(objection: Objection) {
    super(objection.message);
    this.name = "WithheldError";
    this.objection = objection;
  }
}

/** As many as the client has writes in flight: so the writes of one action follow each other without a queue in between. */
const AT_ONCE = 32;

export interface ApplyOptions {
  /** Stores the instance counter; called before the first create, which does not happen if it fails. */
  reserve?: (() => Promise<void>) | undefined;
  /** The creations of the pass before all succeeded: no slow start. */
  creationsGoWell?: boolean;
  /** By the monotonic clock: actions not begun by then are not begun at all. Default: all are. */
  beginUntilMs?: number;
  /** Asked just before each attempt of a write. */
  lastLook?: Pick<LastLook, "objection" | "isOvertaken"> | undefined;
}

/**
 * Carries out the actions of a plan, some at a time, creations in a slow start. One failure never stops the others.
 * Every answer goes into the caches before this returns, so the next observation sees our own writes.
 *
 * @returns an outcome for each action that was begun. The others are to be planned anew: by the time it is the
 *   thousandth pod's turn, the first ones want their next step.
 */
export async function apply(
  hands: Hands,
  cloneSet: CloneSet,
  actions: readonly Action[],
  { reserve, creationsGoWell = false, beginUntilMs = Number.POSITIVE_INFINITY, lastLook }: ApplyOptions = {},
): Promise<Outcome[]> {
  const creations = actions.filter(({ kind }) => kind === "createPod");
  // What puts pods into service goes before what takes them out of it.
  const refreshes = actions.filter(({ kind }) => kind === "refreshPod");
  const others = actions.filter(({ kind }) => kind !== "createPod" && kind !== "refreshPod");
  const pace = { atOnce: AT_ONCE, mayBegin: () => hands.clock.monotonicMs() < beginUntilMs };
  const task = (action: Action) => async (): Promise<Outcome> => {
    const mustStillHold = () => {
      if (lastLook?.isOvertaken(action)) throw new StaleError();
      const objection = lastLook?.objection(action);
      if (objection) throw new WithheldError(objection);
    };
    return outcomeOf(action, async () => {
      mustStillHold();
      await carryOut(hands, cloneSet, action, mustStillHold);
    });
  };
  const create = async (): Promise<Outcome[]> => {
    const [first] = creations;
    if (first === undefined) return [];
    if (reserve) {
      const reserved = await outcomeOf(first, reserve);
      if (reserved.kind !== "done") return [reserved];
    }
    const tasks = creations.map(task);
    const isFailure = ({ kind }: Outcome) => kind !== "done";
    return slowStart(tasks, { ...pace, firstAtOnce: creationsGoWell ? AT_ONCE : 1, isFailure });
  };
  const outcomes = await Promise.all([create(), inTurn([...refreshes, ...others].map(task), pace)]);
  return outcomes.flat();
}

async function outcomeOf(action: Action, work: () => Promise<void>): Promise<Outcome> {
  try {
    await work();
    return { kind: "done", action };
  } catch (error) {
    if (error instanceof NotLeaderError) throw error;
    if (error instanceof StaleError || isConflict(error)) return { kind: "stale", action };
    if (error instanceof WithheldError) return { kind: "withheld", action, ...error.objection };
    if (error instanceof UnsettledError)
      return { kind: "unsettled", action, message: error.message, unknown: error.unknown };
    const message = error instanceof ApiError ? error.serverMessage || error.message : messageOf(error);
    if (!isRefused(error)) return { kind: "failed", action, message };
    return { kind: "failed", action, message, refused: isNamespaceTerminating(error) ? "namespaceEnds" : "asItIs" };
  }
}
