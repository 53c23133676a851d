import type { Lease } from "../../kube/leader.ts";
import { isFresh, LEASE } from "../doctor/leader.ts";
import type { Look } from "../looked.ts";
import type { Objection } from "./objections.ts";

/** Whether somebody would look after the CloneSet: before that is known no pod may lose its owner. */
export function againstTheController(leases: Look<Lease[]>, kruise: Look<Lease>, nowMs: number): Objection[] {
  if (kruise.kind === "found" && isFresh(kruise.value, nowMs)) {
    return [
      {
        why: "OpenKruise's controller is at work, which re-creates pods that it adopts",
        next: "see docs/taking-over.md",
      },
    ];
  }
  if (leases.kind === "found" && leases.value.some((lease) => isFresh(lease, nowMs))) return [];
  const why =
    leases.kind === "forbidden"
      ? "you may not read leases, so nobody knows whether a controller would adopt the pods"
      : `no controller would adopt the pods: nobody holds a lease ${LEASE}`;
  return [{ why, next: "kubectl cloneset doctor; if one runs without a lease, --skip-controller-check" }];
}
