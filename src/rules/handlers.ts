import type { Members } from "./json.ts";
import { listIn, members, numberIn, objectIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { headerName, portName } from "./syntax.ts";

const PROBE_HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"];
const HOOK_HANDLERS = ["exec", "httpGet", "tcpSocket", "sleep"];
const PROBE_NUMBERS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
];

/** A grace period that is not given is this long. */
export const DEFAULT_GRACE_SECONDS = 30;

/** `livenessProbe`, `readinessProbe`, `startupProbe`. */
export function checkProbes(container: Members, at: string, found: Findings): void {
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = objectIn(container, name);
    if (!probe) continue;
    const here = `${at}.${name}`;
    checkHandler(probe, here, found, { handlers: PROBE_HANDLERS, graceSeconds: 0 });
    for (const member of PROBE_NUMBERS) {
      const value = numberIn(probe, member);
      if (value !== undefined && value < 0) found.add("probe-negative", `${here}.${member}`, value);
    }
    const grace = numberIn(probe, "terminationGracePeriodSeconds");
    if (name === "readinessProbe") {
      if (grace !== undefined) found.add("probe-grace-readiness", `${here}.terminationGracePeriodSeconds`, grace);
      continue;
    }
    if (grace !== undefined && grace <= 0) found.add("probe-grace", `${here}.terminationGracePeriodSeconds`, grace);
    // Zero stands for the default, which is one.
    const threshold = numberIn(probe, "successThreshold") ?? 1;
    if (threshold > 1 || threshold < 0) found.add("probe-success-threshold", `${here}.successThreshold`, threshold);
  }
}

/** `lifecycle`: what runs after the start and before the end of a container. */
export function checkHooks(lifecycle: Members, at: string, found: Findings, pod: { graceSeconds: number }): void {
  for (const name of ["postStart", "preStop"]) {
    const handler = objectIn(lifecycle, name);
    if (handler)
      checkHandler(handler, `${at}.${name}`, found, { handlers: HOOK_HANDLERS, graceSeconds: pod.graceSeconds });
  }
}

function checkHandler(
  handler: Members,
  at: string,
  found: Findings,
  { handlers, graceSeconds }: { handlers: readonly string[]; graceSeconds: number },
): void {
  const given = handlers.filter((name) => objectIn(handler, name) !== undefined);
  if (given.length === 0) found.add("handler-required", at, undefined, { wanted: handlers.join(", ") });
  for (const name of given.slice(1)) found.add("handler-many", `${at}.${name}`);
  const [first] = given;
  if (first === undefined) return;
  const action = objectIn(handler, first) ?? {};
  const here = `${at}.${first}`;
  if (first === "exec") {
    if (listIn(action, "command").length === 0) found.add("handler-command", `${here}.command`);
  } else if (first === "sleep") {
    const seconds = numberIn(action, "seconds") ?? 0;
    if (seconds < 0 || seconds > graceSeconds) found.add("handler-sleep", here, seconds, { grace: graceSeconds });
  } else {
    checkPort(action["port"], `${here}.port`, found, first === "grpc");
    for (const header of listIn(action, "httpHeaders")) {
      const name = members(header)["name"];
      const trouble = typeof name === "string" ? headerName(name) : undefined;
      if (trouble) found.add("handler-header", `${here}.httpHeaders`, name, { wanted: trouble });
    }
  }
}

function checkPort(port: unknown, at: string, found: Findings, onlyNumbers: boolean): void {
  if (typeof port === "number" || port === undefined || port === null) {
    const number = port ?? 0;
    if (number < 1 || number > 65_535) found.add("handler-port", at, number, { wanted: portName("") ?? "" });
  } else if (typeof port === "string" && !onlyNumbers) {
    const trouble = portName(port);
    if (trouble) found.add("handler-port", at, port, { wanted: trouble });
  }
}
