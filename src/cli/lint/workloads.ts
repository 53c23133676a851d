import { GROUP, KIND } from "../../api/constants.ts";
import type { LabelSelector } from "../../api/kubernetes.ts";
import { matchesSelector } from "../../api/selector.ts";
import { listIn, members, objectIn, textEntriesIn, textIn } from "../../rules/json.ts";
import type { Manifest } from "../manifests.ts";

/** A manifest that brings pods. */
export interface Workload {
  manifest: Manifest;
  kind: string;
  name: string;
  namespace: string;
  isCloneSet: boolean;
  /** Of its pods. */
  labels: Record<string, string>;
  selector: LabelSelector | undefined;
  /** As written: undefined where it is left out. */
  replicas: unknown;
  /** Names of the ports of its containers. */
  ports: string[];
}

export function namespaceOf({ object }: Manifest): string {
  return textIn(objectIn(object, "metadata"), "namespace") ?? "";
}

export function isCloneSet({ object }: Manifest): boolean {
  const apiVersion = textIn(object, "apiVersion");
  return object?.["kind"] === KIND && (apiVersion === undefined || apiVersion.startsWith(`${GROUP}/`));
}

/** Undefined for a manifest that brings no pods. */
export function workloadOf(manifest: Manifest): Workload | undefined {
  const { object } = manifest;
  const kind = textIn(object, "kind") ?? "";
  const spec = objectIn(object, "spec");
  const template =
    kind === "Pod" ? object : objectIn(objectIn(objectIn(spec, "jobTemplate"), "spec") ?? spec, "template");
  if (template === undefined) return undefined;
  const containers = ["containers", "initContainers"].flatMap((list) => listIn(objectIn(template, "spec"), list));
  return {
    manifest,
    kind,
    name: textIn(objectIn(object, "metadata"), "name") ?? "",
    namespace: namespaceOf(manifest),
    isCloneSet: isCloneSet(manifest),
    labels: Object.fromEntries(textEntriesIn(objectIn(template, "metadata"), "labels")),
    selector: objectIn(spec, "selector") as LabelSelector | undefined,
    replicas: members(spec)["replicas"] ?? undefined,
    ports: containers.flatMap((container) => listIn(container, "ports")).flatMap((port) => textIn(port, "name") ?? []),
  };
}

export function selects(selector: LabelSelector, { labels }: Workload): boolean {
  return matchesSelector(wellFormed(selector), labels);
}

/** What is malformed has been said by the schema. */
function wellFormed(selector: LabelSelector): LabelSelector {
  return {
    matchLabels: Object.fromEntries(textEntriesIn(selector, "matchLabels")),
    matchExpressions: listIn(selector, "matchExpressions") as NonNullable<LabelSelector["matchExpressions"]>,
  };
}
