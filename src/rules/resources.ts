import { canonicalQuantity, nanoValue } from "../revision/quantity.ts";
import type { Members } from "./json.ts";
import { listIn, objectIn, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { qualifiedName } from "./syntax.ts";

const NANO = 10n ** 9n;
/** Resources that any container can ask for by a plain name. */
const STANDARD = new Set(["cpu", "memory", "ephemeral-storage"]);
const HUGE_PAGES = "hugepages-";
/** Domain of the names that Kubernetes keeps for itself. */
const NATIVE_DOMAIN = "kubernetes.io/";

/** `resources` of a container. Requests that are not given are equal to the limits. */
export function checkResources(
  resources: unknown,
  at: string,
  found: Findings,
  claimNames: ReadonlySet<unknown>,
): void {
  const limits = objectIn(resources, "limits") ?? {};
  const requests = objectIn(resources, "requests") ?? {};
  for (const { name, amount, here } of amountsOf({ limits, requests }, at)) {
    const trouble = resourceTrouble(name);
    if (trouble) found.add("resource-name", here, name, { wanted: trouble });
    checkAmount(name, amount, here, found);
  }
  for (const name of Object.keys(requests)) {
    const request = nanoValue(requests[name]);
    const hasLimit = Object.hasOwn(limits, name);
    const limit = hasLimit ? nanoValue(limits[name]) : undefined;
    const fill = { resource: name, limit: hasLimit ? (canonicalQuantity(limits[name]) ?? "") : "" };
    if (!mayOvercommit(name)) {
      if (!hasLimit) found.add("limit-required", `${at}.limits`, undefined, fill);
      else if (request !== undefined && limit !== undefined && request !== limit)
        found.add("request-not-limit", `${at}.requests`, requests[name], fill);
    } else if (request !== undefined && limit !== undefined && request > limit) {
      found.add("request-above-limit", `${at}.requests`, requests[name], fill);
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some((name) => name.startsWith(HUGE_PAGES)) && !names.includes("cpu") && !names.includes("memory")) {
    found.add("huge-pages-alone", at);
  }
  const used = new Set<string>();
  for (const [i, claim] of listIn(resources, "claims").entries()) {
    const name = textIn(claim, "name");
    if (!claimNames.has(name)) found.add("container-claim", `${at}.claims[${i}]`, name ?? "");
    const key = JSON.stringify([name, textIn(claim, "request")]);
    if (used.has(key)) found.add("container-claim-twice", `${at}.claims[${i}]`, name ?? "");
    used.add(key);
  }
}

/** `resources` of the pod as a whole. */
export function checkPodResources(resources: unknown, at: string, found: Findings): void {
  const limits = objectIn(resources, "limits") ?? {};
  const requests = objectIn(resources, "requests") ?? {};
  for (const { name, amount, here } of amountsOf({ limits, requests }, at)) {
    const isFit = name === "cpu" || name === "memory" || name.startsWith(HUGE_PAGES);
    if (!isFit) found.add("pod-resource", here, name);
    checkAmount(name, amount, here, found);
  }
  for (const name of Object.keys(requests)) {
    if (!Object.hasOwn(limits, name)) continue;
    const [request, limit] = [nanoValue(requests[name]), nanoValue(limits[name])];
    if (request !== undefined && limit !== undefined && request > limit) {
      const fill = { resource: name, limit: canonicalQuantity(limits[name]) ?? "" };
      found.add("request-above-limit", `${at}.requests`, requests[name], fill);
    }
  }
}

/** Each amount of each list, and where it stands. */
function amountsOf(lists: Record<"limits" | "requests", Members>, at: string) {
  return Object.entries(lists).flatMap(([list, amounts]) =>
    Object.entries(amounts).map(([name, amount]) => ({ name, amount, here: `${at}.${list}[${name}]` })),
  );
}

/** Resources set aside for running the pod itself. */
export function checkOverhead(overhead: unknown, at: string, found: Findings): void {
  for (const [name, amount] of Object.entries(overhead ?? {})) {
    const trouble = resourceTrouble(name);
    if (trouble) found.add("overhead", `${at}[${name}]`, name, { wanted: trouble });
    checkAmount(name, amount, `${at}[${name}]`, found);
  }
}

/** A quantity that may stand anywhere; undefined when it is none, which is said. */
export function checkQuantity(value: unknown, at: string, found: Findings): bigint | undefined {
  if (value === null || value === undefined) return undefined;
  const nano = nanoValue(value);
  if (nano === undefined) found.add("quantity", at, value);
  return nano;
}

function checkAmount(name: string, amount: unknown, at: string, found: Findings): void {
  const nano = checkQuantity(amount, at, found);
  if (nano === undefined) return;
  if (nano < 0n) found.add("quantity-negative", at, amount);
  if (isWhole(name) && nano % NANO !== 0n) found.add("quantity-integer", at, amount);
}

function resourceTrouble(name: string): string | undefined {
  const trouble = qualifiedName(name);
  if (trouble) return trouble;
  if (!name.includes("/")) {
    return STANDARD.has(name) || name.startsWith(HUGE_PAGES)
      ? undefined
      : "cpu, memory, ephemeral-storage, hugepages-*, or a name with a domain such as example.com/device";
  }
  if (name.includes(NATIVE_DOMAIN)) return undefined;
  return name.startsWith("requests.") ? 'a name that does not start with "requests."' : undefined;
}

/** Devices and huge pages come in pieces. */
function isWhole(name: string): boolean {
  return isExtended(name);
}

/** Only what Kubernetes measures itself can be given away twice. */
function mayOvercommit(name: string): boolean {
  return !isExtended(name) && !name.startsWith(HUGE_PAGES);
}

function isExtended(name: string): boolean {
  return name.includes("/") && !name.includes(NATIVE_DOMAIN);
}
