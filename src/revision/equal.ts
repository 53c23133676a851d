/**
 * When do two templates mean the same pod?
 *
 * Each template is brought to a normal form: quantities by value, and without what carries no meaning (null, empty values, Go's
 * leftovers, defaults). What is left differs only if the pods would differ. One default depends on who wrote it, so it is settled
 * between the two: an absent imagePullPolicy is equal to Always and to IfNotPresent, though these are not equal to each other.
 */

import { isDeepStrictEqual } from "node:util";
import type { PodTemplate } from "../api/kubernetes.ts";
import { defaultPullPolicies, defaults, emptyMeansAbsent } from "./defaults.ts";
import { fields } from "./fields.ts";
import { milliText, milliValue } from "./quantity.ts";

/** Two templates made comparable: what means the same is written the same way in both. */
export interface AlignedForms {
  a: PodTemplate;
  b: PodTemplate;
}

type Members = Record<string, unknown>;

/** Whether two templates mean the same pod, whatever notation, empty values, Go leftovers and defaults each of them carries. */
export function sameMeaning(a: PodTemplate, b: PodTemplate): boolean {
  if (a === b) return true;
  const forms = alignedForms(a, b);
  return isDeepStrictEqual(forms.a, forms.b);
}

/**
 * Both templates without what carries no meaning (defaults, empty values), so that a plain diff shows the real differences only.
 * Requests are spelled out where limits imply them. Of `metadata` only labels, annotations and finalizers are left: no other
 * member reaches a pod.
 */
export function alignedForms(a: PodTemplate, b: PodTemplate): AlignedForms {
  const forms = { a: normalForm(a), b: normalForm(b) };
  for (const list of ["containers", "initContainers"] as const) {
    alignPullPolicies(byName(forms.a.spec[list]), byName(forms.b.spec[list]), "imagePullPolicy");
  }
  alignPullPolicies(imageVolumes(forms.a), imageVolumes(forms.b), "pullPolicy");
  return forms;
}

function normalForm(template: PodTemplate): PodTemplate {
  const metadata = structForm("ObjectMeta", template.metadata ?? {});
  const spec = structForm("PodSpec", template.spec);
  const reaching = Object.entries(metadata).filter(([name]) => ["labels", "annotations", "finalizers"].includes(name));
  if (spec["hostNetwork"] === true) dropImpliedHostPorts(spec);
  spec["containers"] ??= [];
  return { metadata: Object.fromEntries(reaching), spec: spec as PodTemplate["spec"] };
}

/** The normal form of a value of a type of the table; undefined if it means nothing there. */
function form(type: string, value: unknown): unknown {
  if (type.startsWith("*")) {
    const pointed = form(type.slice(1), value);
    return isEmptyObject(pointed) && emptyMeansAbsent.has(type.slice(1)) ? undefined : pointed;
  }
  if (value === null || value === undefined) return undefined;
  if (type.startsWith("[]")) return listForm(type.slice(2), value);
  if (type.startsWith("{}")) return mapForm(type.slice(2), value);
  switch (type) {
    case "quantity": {
      const milli = milliValue(value);
      return milli === undefined ? value : milliText(milli);
    }
    case "time":
      return undefined;
    case "string":
    case "bool":
    case "number":
    case "intOrString":
    case "any":
      return value;
    default:
      return structForm(type, value);
  }
}

function structForm(type: string, value: unknown): Members {
  if (!isMembers(value)) return {};
  const known = fields[type] ?? {};
  const normal: Members = {};
  for (const [name, member] of Object.entries(value)) {
    const word = Object.hasOwn(known, name) ? known[name] : undefined;
    if (word === undefined) {
      // Newer than the table: nothing is known about what it means, except that null is nothing.
      if (member !== null && member !== undefined) setOwn(normal, name, member);
      continue;
    }
    const memberType = word.replace("?", "");
    const memberForm = form(memberType, member);
    const saysNothing =
      memberForm === undefined ||
      (!memberType.startsWith("*") && isZero(memberForm)) ||
      (defaults[`${type}.${name}`]?.includes(memberForm as string) ?? false);
    if (!saysNothing) normal[name] = memberForm;
  }
  return adjusted(type, normal);
}

/** Defaults that depend on other members. */
function adjusted(type: string, normal: Members): Members {
  switch (type) {
    case "PodSpec": {
      // The old name of the field; API servers write both.
      const { serviceAccount, ...rest } = normal;
      if (serviceAccount === undefined || serviceAccount === "default") return rest;
      if (rest["serviceAccountName"] === undefined) return { ...rest, serviceAccountName: serviceAccount };
      return rest["serviceAccountName"] === serviceAccount ? rest : normal;
    }
    case "Volume": {
      const { emptyDir, ...rest } = normal;
      return isEmptyObject(emptyDir) ? rest : normal;
    }
    case "Container": {
      const policies = normal["resizePolicy"];
      if (!Array.isArray(policies)) return normal;
      const { resizePolicy: _, ...rest } = normal;
      const telling = policies.filter((policy: Members) => policy["restartPolicy"] !== "NotRequired");
      return telling.length === 0 ? rest : { ...rest, resizePolicy: telling };
    }
    case "ResourceRequirements": {
      const { limits } = normal;
      return isMembers(limits)
        ? { ...normal, requests: { ...limits, ...(normal["requests"] as Members | undefined) } }
        : normal;
    }
    default:
      return normal;
  }
}

function listForm(elementType: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((element) => form(elementType, element) ?? (elementType in fields ? {} : ""));
}

function mapForm(valueType: string, value: unknown): unknown {
  if (!isMembers(value)) return value;
  const nothing = valueType === "quantity" ? "0" : "";
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, form(valueType, member) ?? nothing]));
}

/** In the host's network a container port is a host port anyway. */
function dropImpliedHostPorts(spec: Members): void {
  for (const list of [spec["containers"], spec["initContainers"]]) {
    for (const container of asList(list)) {
      for (const port of asList(container["ports"])) {
        if (port["hostPort"] === port["containerPort"]) delete port["hostPort"];
      }
    }
  }
}

function alignPullPolicies(a: ReadonlyMap<unknown, Members>, b: ReadonlyMap<unknown, Members>, field: string): void {
  for (const [name, first] of a) {
    const second = b.get(name);
    if (!second) continue;
    if (first[field] === undefined && defaultPullPolicies.has(second[field])) delete second[field];
    if (second[field] === undefined && defaultPullPolicies.has(first[field])) delete first[field];
  }
}

function byName(list: unknown): Map<unknown, Members> {
  return new Map(asList(list).map((element) => [element["name"], element]));
}

function imageVolumes(template: PodTemplate): Map<unknown, Members> {
  const images = asList(template.spec.volumes).flatMap(({ name, image }): [unknown, Members][] =>
    isMembers(image) ? [[name, image]] : [],
  );
  return new Map(images);
}

function asList(value: unknown): Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmptyObject(value: unknown): boolean {
  return isMembers(value) && Object.keys(value).length === 0;
}

function isZero(value: unknown): boolean {
  return (
    value === "" ||
    value === 0 ||
    value === false ||
    isEmptyObject(value) ||
    (Array.isArray(value) && value.length === 0)
  );
}

/** Sets a member whatever its name; a plain assignment would lose one called `__proto__`. */
function setOwn(members: Members, name: string, value: unknown): void {
  Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
}
