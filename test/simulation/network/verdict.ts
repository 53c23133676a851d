/** What becomes of a write on its way to the server and back? Most faults strike by the number of the write. */
import { Refusal } from "../../../src/sandbox/refusal.ts";
import type { Network, Sending } from "../network.ts";
import type { Fault } from "../scenario.ts";

/** Nothing in it = it arrives, is applied, and is answered. */
export interface Verdict {
  /** Its process dies before it is sent, or before the answer arrives. */
  crash?: "before" | "after";
  /** How much slower it is on its way to the server. */
  upMs?: number;
  /** The same of the answer; after a crash: until the next process starts. */
  downMs?: number;
  /** It is not applied, and answered with this. */
  refuse?: Refusal;
  /** Its answer, whatever came of it. */
  instead?: Refusal;
  /** There is no answer. */
  reset?: boolean;
  /** Somebody else writes on the object first. */
  meddle?: boolean;
  /** For the story. */
  note?: string;
}

/** Faults that come with it (a view that stands still, a process that reaches nobody) begin. */
export function verdictOn(network: Network, sending: Sending): Verdict {
  const { index, method, what } = sending;
  const { onFault } = network.options;
  const within = (fault: { nth: number; count: number }) => index >= fault.nth && index < fault.nth + fault.count;
  const hit = (kind: Fault["kind"]) => onFault(kind, `${method} ${what}`);
  for (const fault of network.faults) {
    switch (fault.kind) {
      case "F1":
      case "F2":
        if (fault.nth !== index) break;
        hit(fault.kind);
        return { crash: fault.kind === "F1" ? "before" : "after", downMs: fault.downMs, note: fault.kind };
      case "F8":
        if (fault.nth !== index) break;
        hit("F8");
        return { meddle: true, note: "F8" };
      case "F9":
        if (!within(fault)) break;
        hit("F9");
        return {
          refuse: new Refusal(429, "TooManyRequests", "too many requests", { retryAfterSeconds: fault.seconds }),
          note: "F9",
        };
      case "F10":
      case "F11":
        if (!within(fault)) break;
        hit(fault.kind);
        if (fault.kind === "F11" && fault.lagMs > 0) network.hold("pods", fault.lagMs);
        return {
          [fault.kind === "F10" ? "refuse" : "instead"]: new Refusal(
            fault.code,
            reasonOf(fault.code),
            "the server is not well",
          ),
          note: fault.kind,
        };
      case "F12":
        if (fault.nth !== index) break;
        hit("F12");
        if (fault.blindMs > 0) network.blind(sending.process, fault.blindMs);
        return {
          reset: true,
          ...(fault.applied ? {} : { refuse: new Refusal(500, "InternalError", "not applied") }),
          note: "F12",
        };
      case "F13":
      case "F14":
        if (!within(fault) || fault.only !== `${method} ${what}`) break;
        hit(fault.kind);
        return {
          refuse:
            fault.kind === "F13"
              ? new Refusal(403, "Forbidden", "exceeded quota: small")
              : new Refusal(422, "Invalid", 'admission webhook "foreign" denied the request'),
          note: fault.kind,
        };
      case "F15":
        if (fault.nth !== index) break;
        hit("F15");
        return { ...(fault.side === "up" ? { upMs: fault.ms } : { downMs: fault.ms }), note: "F15" };
      case "F3":
      case "F4":
      case "F5":
      case "F6":
      case "F7":
      case "F16":
      case "F17":
      case "F18":
      case "F19":
      case "F20":
      case "F21":
      case "F22":
      case "F23":
      case "F24":
      case "F25":
      case "F26":
        break;
    }
  }
  return {};
}

function reasonOf(code: number): string {
  return code === 503 ? "ServiceUnavailable" : code === 504 ? "Timeout" : "InternalError";
}
