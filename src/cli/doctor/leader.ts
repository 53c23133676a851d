import { timeMs } from "../../api/kubernetes.ts";
import type { Lease } from "../../kube/leader.ts";
import { duration } from "../age.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check, notAllowed } from "./check.ts";

export const LEASE = "cloneset-controller";
export const OPEN_KRUISE = { namespace: "kruise-system", name: "kruise-manager" };

/**
 * `look`: the leases called cloneset-controller, wherever they are; `kruise`: that of OpenKruise's own controller; `isHeard`: edits
 * are seen by somebody.
 */
export function judgeLeader(look: Look<Lease[]>, kruise: Look<Lease>, nowMs: number, isHeard = false): Check[] {
  const found: Check[] = [];
  if (kruise.kind === "found" && isFresh(kruise.value, nowMs)) {
    const says = "OpenKruise's controller is at work: this one only looks on, unless it runs with --take-over";
    found.push(check("leader", "WARN", says, "see docs/taking-over.md"));
  }
  if (look.kind !== "found") return [...found, notAllowed("leader", "leases")];
  if (look.value.length === 0 && isHeard) {
    const says = `no lease ${LEASE}, and yet every edit was seen: by a controller with --leader-elect=false, if it still runs`;
    return [...found, check("leader", "WARN", says, "make sure that only one runs")];
  }
  if (look.value.length === 0) {
    const next = "install it; with --leader-elect=false there is no lease to look at";
    return [...found, check("leader", "FAIL", `no lease ${LEASE}: no controller has run here`, next)];
  }
  for (const lease of look.value) {
    const { namespace = "", name } = lease.metadata;
    const holder = lease.spec?.holderIdentity ?? "";
    const renewed = duration(nowMs - renewedMs(lease));
    const pods = `kubectl get pods -n ${namespace} -l app.kubernetes.io/name=cloneset-controller`;
    if (holder === "") found.push(check("leader", "FAIL", `nobody holds the lease ${namespace}/${name}`, pods));
    else if (isFresh(lease, nowMs)) found.push(check("leader", "OK", `${holder} leads, renewed ${renewed} ago`));
    else found.push(check("leader", "FAIL", `${holder} last renewed ${namespace}/${name} ${renewed} ago`, pods));
  }
  return found;
}

/** Whether its holder is at work. */
export function isFresh(lease: Lease, nowMs: number): boolean {
  const { holderIdentity, leaseDurationSeconds = 0 } = lease.spec ?? {};
  return Boolean(holderIdentity) && nowMs - renewedMs(lease) <= leaseDurationSeconds * 1000;
}

function renewedMs({ spec }: Lease): number {
  return timeMs(spec?.renewTime ?? undefined);
}
