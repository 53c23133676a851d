/** What is allowed, but may surprise: said to whoever writes it, before it happens. */

import { isDeepStrictEqual } from "node:util";
import jsonpatch from "fast-json-patch";
import type { CloneSet } from "../src/api/cloneset.ts";
import { fromV1alpha1 } from "../src/api/convert.ts";
import { defaults } from "../src/api/defaults.ts";
import type { Features } from "../src/api/features.ts";
import { fieldOf } from "../src/api/field-path.ts";
import { SpecError } from "../src/api/spec-error.ts";
import { NAME_MAX } from "../src/api/validate.ts";
import { maxUnavailable, scaleMaxUnavailable } from "../src/plan/availability.ts";
import { maxSurge } from "../src/plan/max-surge.ts";
import { podsToDelete } from "../src/plan/pods-to-delete.ts";
import { alignedForms } from "../src/revision/equal.ts";
import { hashOfClaims } from "../src/revision/hash.ts";
import { deadHooks } from "../src/rules/cloneset.ts";
import { isObject, listIn, members, objectIn, ownText, textIn } from "../src/rules/json.ts";
import { Findings, problemText } from "../src/rules/problem.ts";
import { templateIn, templateVerdict } from "../src/rules/update.ts";
import { checkClaim } from "../src/rules/volumes.ts";
import type { PodLookup } from "./lookup.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const LAUNCH_ORDER = "apps.kruise.io/container-launch-priority";
const PRE_DOWNLOAD = [
  "imagePreDownloadParallelism",
  "imagePreDownloadTimeoutSeconds",
  "imagePreDownloadMinUpdatedReadyPods",
];
const NAMES_LOOKED_UP = 50;
const NAMES_SHOWN = 3;

/**
 * Warnings about an object that passed every rule, and about what the change will do. `before` is undefined on CREATE.
 * Those that the stored object would give as well are not repeated.
 */
export async function warningsOf(
  after: object,
  before: object | undefined,
  { features, pods }: { features: Features; pods: PodLookup },
): Promise<string[]> {
  const now = modelOf(after);
  const still = staticWarnings(after, now, features);
  if (before === undefined) return [...still, ...(await namedPods(now, undefined, pods))];
  const then = modelOf(before);
  const known = new Set(staticWarnings(before, then, features));
  return [
    ...changeWarnings({ after, before, now, then, features }),
    ...still.filter((warning) => !known.has(warning)),
    ...droppedFields(after, before, now, then),
    ...(await namedPods(now, then, pods)),
    ...(await ungatedPods(now, then, pods)),
  ];
}

/** The model of an object that may lack what only servers set. */
function modelOf(object: object): CloneSet {
  const metadata = objectIn(object, "metadata") ?? {};
  return fromV1alpha1({ ...object, metadata: { ...metadata, name: textIn(metadata, "name") ?? "" } });
}

/** What is odd about an object by itself. */
function staticWarnings(object: object, cloneSet: CloneSet, features: Features): string[] {
  return [
    ...longName(cloneSet, features),
    ...numbers(cloneSet),
    ...imagesWithoutTag(object),
    ...claimTrouble(object),
    ...withoutEffect(object),
    ...deadHooks(object).map(
      ({ field, key }) => `${field}: no pod can carry ${JSON.stringify(key)}, so this hook can never be met`,
    ),
  ];
}

function longName({ name }: CloneSet, features: Features): string[] {
  if (name.length <= NAME_MAX || features.CloneSetShortHash) return [];
  return [
    `metadata.name: ${name.length} characters are more than the ${NAME_MAX} that fit into a pod label with a hash: the controller creates no pods, unless its feature gate CloneSetShortHash is on`,
  ];
}

function numbers({ spec }: CloneSet): string[] {
  const { replicas, updateStrategy, scaleStrategy } = spec;
  const { partition, type } = updateStrategy;
  const texts: string[] = [];
  try {
    if (replicas > 0 && type !== "OnDelete" && maxUnavailable(spec) === 0) {
      const surge = maxSurge(spec);
      const effect =
        surge > 0
          ? `a pod goes only after one of the ${surge} extra pods (maxSurge) is available`
          : "no pod is taken out of service; while paused there are no extra pods either";
      texts.push(`spec.updateStrategy.maxUnavailable: ${noPods(updateStrategy.maxUnavailable, replicas)}: ${effect}`);
    }
    if (typeof partition === "number" && partition > replicas)
      texts.push(
        `spec.updateStrategy.partition: ${partition} is more than the ${replicas} replicas: no pod is updated`,
      );
    if (replicas > 0 && scaleMaxUnavailable(spec) === 0)
      texts.push(
        `spec.scaleStrategy.maxUnavailable: ${noPods(scaleStrategy.maxUnavailable, replicas)}: no pod is created`,
      );
  } catch (error) {
    // A number that was let through because it was stored before: the controller says so.
    if (!(error instanceof SpecError)) throw error;
  }
  return texts;
}

function noPods(count: unknown, replicas: number): string {
  return count === 0 ? "it is 0" : `${JSON.stringify(count)} of ${replicas} replicas is 0 pods`;
}

function imagesWithoutTag(object: object): string[] {
  return containersOf(object).flatMap(({ field, container }) => {
    const image = textIn(container, "image");
    if (image === undefined || image.includes("@") || /:[^/]*$/.test(image)) return [];
    return [
      `${field}.image: ${JSON.stringify(image)} has no tag: pods that start at different times may run different code`,
    ];
  });
}

function claimTrouble(object: object): string[] {
  return listIn(objectIn(object, "spec"), "volumeClaimTemplates").flatMap((claim, i) => {
    const found = new Findings();
    checkClaim(members(claim)["spec"], `spec.volumeClaimTemplates[${i}].spec`, found);
    return found.problems.map((problem) => `${problemText(problem)}: no claim can be made from this, and so no pod`);
  });
}

/** Settings that are accepted for compatibility. */
function withoutEffect(object: object): string[] {
  const inPlace = objectIn(objectIn(objectIn(object, "spec"), "updateStrategy"), "inPlaceUpdateStrategy");
  const preDownload = PRE_DOWNLOAD.filter((name) => inPlace?.[name] !== undefined && inPlace[name] !== null);
  const texts = preDownload.map(
    (name) =>
      `spec.updateStrategy.inPlaceUpdateStrategy.${name}: has no effect: images are not downloaded ahead of an update`,
  );
  const metadata = objectIn(objectIn(objectIn(object, "spec"), "template"), "metadata");
  if (ownText(objectIn(metadata, "annotations"), LAUNCH_ORDER) !== undefined)
    texts.push(
      `spec.template.metadata.annotations[${LAUNCH_ORDER}]: has no effect: containers of a new pod start together`,
    );
  return texts;
}

interface ChangeOf {
  after: object;
  before: object;
  now: CloneSet;
  then: CloneSet;
  features: Features;
}

/** What the new template will do to the pods there are. */
function changeWarnings(change: ChangeOf): string[] {
  const { after, before, now, then, features } = change;
  const [a, b] = [templateIn(before), templateIn(after)];
  const texts: string[] = [];
  // Most updates leave the template alone, and equality is far cheaper than equality by meaning.
  if (a !== undefined && b !== undefined && !isDeepStrictEqual(a, b)) {
    const forms = alignedForms(a, b);
    const paths = jsonpatch.compare(forms.a, forms.b).map(({ path }) => fieldOf(`/spec/template${path}`));
    if (paths.length > 0) texts.push(...templateWarnings(change, paths));
    const named = podsToDelete(now);
    const isNaming = [...named].some((name) => !podsToDelete(then).has(name));
    if (isNaming && paths.length > 0) {
      texts.push(
        `spec.scaleStrategy.podsToDelete: this request also changes ${some(paths)}: a client that rewrites what it read may not have meant that`,
      );
    }
  }
  const claims = [then, now].map(({ spec }) => hashOfClaims(spec.claimTemplates));
  if (claims[0] !== claims[1]) {
    texts.push(
      features.RecreatePodWhenChangeVCTInCloneSetGate && now.spec.updateStrategy.type !== "InPlaceOnly"
        ? "spec.volumeClaimTemplates: this controller re-creates the pods for changed claim templates, and their volume claims are deleted with them"
        : "spec.volumeClaimTemplates: only pods created from now on use the changed claim templates; those there are keep their claims",
    );
  }
  return texts;
}

function templateWarnings({ after, before, now, features }: ChangeOf, paths: readonly string[]): string[] {
  const { replicas, updateStrategy, claimTemplates } = now.spec;
  const { type } = updateStrategy;
  if (replicas === 0 || type === "OnDelete") return [];
  const claims = claimTemplates.map(({ metadata }) => metadata.name);
  const lost = claims.length > 0 ? `, and their volume claims (${some(claims)}) are deleted with them` : "";
  if (type === "ReCreate") {
    return lost === ""
      ? []
      : [`spec.template: the change of ${some(paths)} re-creates the pods (updateStrategy.type is ReCreate)${lost}`];
  }
  const verdict = templateVerdict(before, after, features);
  if (verdict === undefined) return [];
  if (!verdict.possible) {
    const effect =
      type === "InPlaceOnly"
        ? "cannot be made in place, and InPlaceOnly allows nothing else: pods stay as they are"
        : `re-creates the pods${lost}`;
    return [`${verdict.field}: this change ${effect}: ${verdict.why}`];
  }
  const images = Object.keys(verdict.update.images);
  const resized = Object.keys(verdict.update.resources);
  const what = [
    ...(images.length > 0 ? [`restart ${images.length === 1 ? "container" : "containers"} ${some(images)}`] : []),
    ...(resized.length > 0 ? [`resize ${some(resized)}`] : []),
    ...(images.length + resized.length === 0 ? ["get the new metadata, nothing restarts"] : []),
  ];
  return [`spec.template: this change is made in place: pods stay, and ${what.join(", ")}`];
}

/** A field that a client left out of what it applied falls back to its default, which may start more than was meant. */
function droppedFields(after: object, before: object, now: CloneSet, then: CloneSet): string[] {
  const texts: string[] = [];
  const { partition } = now.spec.updateStrategy;
  const oldPartition = then.spec.updateStrategy.partition;
  if (
    partition === defaults.partition &&
    !isNothing(oldPartition) &&
    isDropped(after, before, ["updateStrategy", "partition"])
  ) {
    texts.push(
      `spec.updateStrategy.partition: it was ${JSON.stringify(oldPartition)} and is no longer given, so it falls to 0: the rollout goes on to all pods`,
    );
  }
  if (now.spec.replicas === defaults.replicas && then.spec.replicas > 1 && isDropped(after, before, ["replicas"])) {
    texts.push(
      `spec.replicas: it was ${then.spec.replicas} and is no longer given, so it falls to 1: ${then.spec.replicas - 1} pods are removed`,
    );
  }
  return texts;
}

function isNothing(count: unknown): boolean {
  return count === 0 || (typeof count === "string" && /^0+(\.0+)?%$/.test(count));
}

/** Whether a field of the spec was left out by kubectl apply, or is owned by nobody any more after a server-side apply. */
function isDropped(after: object, before: object, path: readonly string[]): boolean {
  const [old, now] = [lastApplied(before), lastApplied(after)];
  if (now !== undefined && now !== old) {
    return old !== undefined && member(parsed(old), path) !== undefined && member(parsed(now), path) === undefined;
  }
  const managers = listIn(objectIn(after, "metadata"), "managedFields");
  const owned = ["spec", ...path].map((name) => `f:${name}`);
  return managers.length > 0 && !managers.some((manager) => isOwned(members(manager)["fieldsV1"], owned));
}

function isOwned(fields: unknown, path: readonly string[]): boolean {
  let at = fields;
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return false;
    at = at[name];
  }
  return true;
}

function lastApplied(object: object): string | undefined {
  return ownText(objectIn(objectIn(object, "metadata"), "annotations"), LAST_APPLIED);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function member(applied: unknown, path: readonly string[]): unknown {
  let at: unknown = objectIn(applied, "spec");
  for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return at ?? undefined;
}

/** Names in podsToDelete, of those that are new, that name nothing of ours. */
async function namedPods(now: CloneSet, then: CloneSet | undefined, pods: PodLookup): Promise<string[]> {
  const known = then === undefined ? new Set<string>() : podsToDelete(then);
  const names = [...podsToDelete(now)].filter((name) => !known.has(name)).slice(0, NAMES_LOOKED_UP);
  if (names.length === 0) return [];
  const notes = await Promise.all(names.map(async (name) => ({ name, note: await pods.pod(now.namespace, name) })));
  const ignored = (what: string, why: (note: Note) => boolean): string[] => {
    const found = notes.filter(({ note }) => note !== undefined && why(note)).map(({ name }) => name);
    return found.length === 0 ? [] : [`spec.scaleStrategy.podsToDelete: ignored: ${what}: ${some(found)}`];
  };
  return [
    ...ignored("no pod has this name", (note) => note === null),
    ...ignored("not a pod of this CloneSet", (note) => note !== null && note.owner !== now.uid),
    ...ignored("being deleted already", (note) => note !== null && note.owner === now.uid && note.terminating),
  ];
}

type Note = Exclude<Awaited<ReturnType<PodLookup["pod"]>>, undefined>;

/** Pods get their readiness gate at birth: those made under another type have none. */
async function ungatedPods(now: CloneSet, then: CloneSet, pods: PodLookup): Promise<string[]> {
  if (!isInPlace(now) || isInPlace(then)) return [];
  const { namespace, uid, spec } = now;
  const notes = await pods.podsOf({ namespace, uid, selector: spec.selector });
  const ungated = notes?.filter(({ gated }) => !gated).length ?? 0;
  if (ungated === 0) return [];
  const what = ungated === 1 ? "1 running pod has" : `${ungated} running pods have`;
  return [
    `spec.updateStrategy.type: ${what} no readiness gate InPlaceUpdateReady and cannot be taken out of service before containers restart; such pods are updated one at a time`,
  ];
}

function isInPlace({ spec }: CloneSet): boolean {
  return spec.updateStrategy.type === "InPlaceIfPossible" || spec.updateStrategy.type === "InPlaceOnly";
}

function containersOf(object: object): { field: string; container: unknown }[] {
  const spec = objectIn(objectIn(objectIn(object, "spec"), "template"), "spec");
  return ["containers", "initContainers"].flatMap((list) =>
    listIn(spec, list).map((container, i) => ({ field: `spec.template.spec.${list}[${i}]`, container })),
  );
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}
