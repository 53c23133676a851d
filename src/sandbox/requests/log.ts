/** What would a container have written? Nothing runs here, so its log tells of its start and its end, and says so. */
import { toTime } from "../../kube/clock.ts";
import type { Pod } from "../kubelet/pod.ts";
import { badRequest } from "../refusal.ts";
import type { Backend } from "./request.ts";
import type { Target } from "./target.ts";
import { found } from "./target.ts";

interface Line {
  at: string;
  text: string;
}

/** @throws {Refusal} if it is not clear which container is meant, or it has no log */
export function log({ clock, store }: Backend, target: Target): string {
  const { query } = target;
  const pod = found(store, target) as unknown as Pod;
  const container = containerOf(pod, query.get("container") ?? "");
  if (pod.spec.nodeName === undefined) return "";
  const seconds = Number(query.get("sinceSeconds") ?? 0);
  const since = seconds > 0 ? toTime(clock.nowMs() - seconds * 1000) : "";
  const lines = linesOf(pod, container, query.get("previous") === "true").filter(({ at }) => at >= since);
  const tail = Number(query.get("tailLines") ?? lines.length);
  const isTimed = query.get("timestamps") === "true";
  return lines
    .slice(Math.max(0, lines.length - tail))
    .map(({ at, text }) => `${isTimed ? `${at} ` : ""}${text}\n`)
    .join("");
}

/** The name asked for, or that of the only container. */
function containerOf({ metadata, spec }: Pod, asked: string): string {
  const { containers, initContainers = [] } = spec;
  const all = [...initContainers, ...containers].map(({ name }) => name);
  const [first, ...others] = containers;
  if (asked === "") {
    if (first && others.length === 0) return first.name;
    const choice = `choose one of: [${all.join(" ")}]`;
    throw badRequest(`a container name must be specified for pod ${metadata.name}, ${choice}`);
  }
  if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  return asked;
}

function linesOf({ metadata, spec, status }: Pod, container: string, previous: boolean): Line[] {
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const { state = {}, lastState = {}, image = "" } = statuses.find(({ name }) => name === container) ?? {};
  if (previous && lastState.terminated === undefined)
    throw badRequest(`previous terminated container "${container}" in pod "${metadata.name}" not found`);
  // Between two starts it is the last one that has a log.
  const { running, terminated, waiting } = previous || (state.waiting && lastState.terminated) ? lastState : state;
  const [on, said] = [`on ${spec.nodeName}`, "it is simulated: nothing runs, and nothing more is written"];
  if (running) return [{ at: running.startedAt, text: `container ${container} started with ${image} ${on}; ${said}` }];
  if (terminated) {
    const { startedAt, finishedAt, reason, exitCode } = terminated;
    return [
      { at: startedAt, text: `container ${container} started ${on}; ${said}` },
      { at: finishedAt, text: `container ${container} ended: ${reason}, exit code ${exitCode}` },
    ];
  }
  const why = waiting?.reason ?? "ContainerCreating";
  throw badRequest(`container "${container}" in pod "${metadata.name}" is waiting to start: ${why}`);
}
