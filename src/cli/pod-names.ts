import type { Pod } from "../api/pod.ts";
import { Failure } from "./failure.ts";
import { fullName } from "./names.ts";
import type { Seen } from "./seen.ts";

/** `--pods "a, pod/b"`: names, trimmed, each once. May be given several times. */
export function podNames(text: string, before?: string[]): string[] {
  const names = text.split(",").map((name) => name.trim().replace(/^(po|pods?)\//, ""));
  return [...new Set([...(before ?? []), ...names.filter((name) => name !== "")])];
}

/** The pods of these names. @throws {Failure} that tells all names that are no pod of this CloneSet */
export function namedPods({ object, pods }: Seen, names: readonly string[]): Pod[] {
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const unknown = names.filter((name) => !byName.has(name));
  if (names.length === 0) throw new Failure("no pod is named", { exitCode: 2 });
  if (unknown.length > 0) {
    const are = unknown.length === 1 ? "is no pod" : "are no pods";
    throw new Failure(`${unknown.join(", ")} ${are} of ${fullName(object)}`, {
      next: `kubectl cloneset get ${object.metadata.name} shows its pods`,
    });
  }
  return names.flatMap((name) => byName.get(name) ?? []);
}
