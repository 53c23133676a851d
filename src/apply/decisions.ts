import type { Registry } from "prom-client";
import { Counter } from "prom-client";
import type { Outcome } from "./apply.ts";
import { logFields } from "./log-fields.ts";

/** Counts what was decided: what was done and what came of it, what was left, and what was doubted. */
export class Decisions {
  readonly #actions: Counter<"action" | "reason" | "result">;
  readonly #idle: Counter<"reason">;
  readonly #withheld: Counter<"rule">;
  readonly #surprises: Counter<"what">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#actions = new Counter({
      name: "cloneset_actions_total",
      help: "Actions by kind, reason and result: done, stale (the object had changed), withheld, failed, unsettled.",
      labelNames: ["action", "reason", "result"],
      registers,
    });
    this.#idle = new Counter({
      name: "cloneset_idle_passes_total",
      help: "Passes in which nothing was to be done, by the reason that the condition Ready gives.",
      labelNames: ["reason"],
      registers,
    });
    this.#withheld = new Counter({
      name: "cloneset_withheld_writes_total",
      help: "Writes not sent because a last look spoke against them, by rule: floor, surge, claims.",
      labelNames: ["rule"],
      registers,
    });
    this.#surprises = new Counter({
      name: "cloneset_live_checks_total",
      help: "Plans that were made again after a live look, by what they would have removed: claims, pods.",
      labelNames: ["what"],
      registers,
    });
  }

  acted(outcome: Outcome): void {
    const { action, reason = "" } = logFields(outcome.action);
    this.#actions.inc({ action: action ?? "", reason, result: outcome.kind });
    if (outcome.kind === "withheld") this.#withheld.inc({ rule: outcome.rule });
  }

  idle(reason: string): void {
    this.#idle.inc({ reason });
  }

  doubted(what: "claims" | "pods"): void {
    this.#surprises.inc({ what });
  }
}
