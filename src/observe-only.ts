import { API_VERSION, GROUP } from "./api/constants.ts";
import type { Features } from "./api/features.ts";
import type { OwnerReference } from "./api/kubernetes.ts";
import type { KubeClient } from "./kube/client.ts";
import type { Clock } from "./kube/clock.ts";
import { Reflector } from "./kube/reflector.ts";
import type { Caches } from "./observe/caches.ts";
import { observe } from "./observe/observe.ts";
import { emptyCaches, readableSources } from "./observe/sources.ts";
import { describe } from "./plan/actions.ts";
import type { Observation } from "./plan/observation.ts";
import { plan } from "./plan/plan.ts";

/** What this controller would do first, if it took over now. */
export interface Preview {
  cloneSets: number;
  pods: number;
  /** Objects whose owner reference names another version of the API: the one field that every take-over writes. */
  ownerVersions: number;
  /** Everything else, in words, by CloneSet; those with nothing to do are left out. */
  changes: { cloneSet: string; lines: string[] }[];
}

export interface PreviewOptions {
  client: KubeClient;
  clock: Clock;
  features: Features;
  namespace: string | undefined;
}

/** Reads everything once, plans, and writes nothing. */
export async function preview({ client, clock, features, namespace }: PreviewOptions): Promise<Preview> {
  const caches = emptyCaches(clock, (error) => {
    throw error;
  });
  const reflectors = (await readableSources(client, namespace)).map(
    ({ resource, cache }) =>
      new Reflector({ client, clock, resource, sink: caches[cache], namespace, checkEveryMs: 0 }),
  );
  for (const reflector of reflectors) reflector.start();
  try {
    await Promise.all(reflectors.map(({ synced }) => synced));
  } finally {
    await Promise.all(reflectors.map((reflector) => reflector.stop()));
  }
  return previewOf(caches, { nowMs: clock.nowMs(), features });
}

/** The same from what is in memory. */
export function previewOf(caches: Caches, given: { nowMs: number; features: Features }): Preview {
  const found: Preview = { cloneSets: caches.cloneSets.size, pods: 0, ownerVersions: 0, changes: [] };
  for (const { namespace, name } of caches.cloneSets.all()) {
    const seen = observe(caches, { namespace, name }, { ...given, spareIds: [], refusals: new Map() });
    if (seen === undefined) continue;
    const { observation, versions } = withOurVersion(seen);
    found.pods += seen.pods.length;
    found.ownerVersions += versions;
    const planned = plan(observation);
    const lines =
      planned.kind === "refused" ? [`cannot be carried out: ${planned.why}`] : planned.actions.map(describe);
    if (lines.length > 0) found.changes.push({ cloneSet: `${namespace}/${name}`, lines });
  }
  return found;
}

/** As if the owner references were written already: behind that write, another one to the same object would hide. */
function withOurVersion(seen: Observation): { observation: Observation; versions: number } {
  let versions = 0;
  const current = <T extends { owners: readonly OwnerReference[] }>(objects: readonly T[]): T[] =>
    objects.map((object) => {
      const isOld = ({ uid, apiVersion }: OwnerReference) =>
        uid === seen.cloneSet.uid && apiVersion !== API_VERSION && apiVersion.startsWith(`${GROUP}/`);
      if (!object.owners.some(isOld)) return object;
      versions += 1;
      const owners = object.owners.map((owner) => (isOld(owner) ? { ...owner, apiVersion: API_VERSION } : owner));
      return { ...object, owners };
    });
  const { pods, claims, revisions } = seen;
  const observation = { ...seen, pods: current(pods), claims: current(claims), revisions: current(revisions) };
  return { observation, versions };
}

/** For people: the changes, then a summary in the last line. */
export function previewText({ cloneSets, pods, ownerVersions, changes }: Preview): string {
  const lines = changes.flatMap(({ cloneSet, lines: all }) => all.map((line) => `${cloneSet}: ${line}`));
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const summary =
    `${counted(cloneSets, "CloneSet")} with ${counted(pods, "pod")}; ` +
    `${counted(lines.length, "change")} in ${counted(changes.length, "CloneSet")}, ` +
    `beside the version in ${counted(ownerVersions, "owner reference")}`;
  return [...lines, summary, ""].join("\n");
}
