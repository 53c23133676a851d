import type { Pod } from "../api/pod.ts";
import { isActive } from "../api/pod.ts";
import { isPodReady } from "../plan/availability.ts";
import { isOnRevision } from "../revision/match.ts";
import { Failure } from "./failure.ts";
import { fullName } from "./names.ts";
import { namedPods, podNames } from "./pod-names.ts";
import type { Seen } from "./seen.ts";

const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** The pod to talk to: the named one; else the first that is ready, those on the update revision first. */
export function podToTalkTo(seen: Seen, name: string | undefined): Pod {
  const [named] = name === undefined ? [] : namedPods(seen, podNames(name));
  if (named !== undefined) return named;
  const { updateRevision } = seen.cloneSet.status;
  const rank = (pod: Pod) => (isPodReady(pod) ? 0 : 2) + (isOnRevision(pod, updateRevision) ? 0 : 1);
  const [first] = seen.pods
    .filter((pod) => isActive(pod) && pod.phase === "Running")
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  if (first === undefined) {
    throw new Failure(`no pod of ${fullName(seen.object)} runs`, {
      next: `kubectl cloneset why ${seen.object.metadata.name}`,
    });
  }
  return first;
}

/** The container that is meant when none is named, as kubectl has it: the annotation, else the first. */
export function defaultContainer({ cloneSet }: Seen): string {
  const { metadata, spec } = cloneSet.spec.template;
  return metadata?.annotations?.[DEFAULT_CONTAINER] ?? spec.containers[0]?.name ?? "";
}

/** @throws {Failure} that names those there are */
export function containerNamed({ cloneSet, pods }: Seen, name: string): string {
  const { containers, initContainers = [] } = cloneSet.spec.template.spec;
  const injected = pods.flatMap((pod) => pod.containers);
  const known = [...new Set([...containers, ...initContainers, ...injected].map((container) => container.name))];
  if (!known.includes(name)) throw new Failure(`there is no container "${name}"; there are ${known.join(", ")}`);
  return name;
}
