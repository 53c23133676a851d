/**
 * When is a certificate replaced, and in which order, so that no call fails on the way?
 *
 *   stage    a new pair is stored beside the one in use; the bundle now has both authorities
 *   promote  after the API server has had time to take in the bundle, the new pair is served
 *   retire   after every replica has had time to change over, the old authority leaves the bundle
 */

import { X509Certificate } from "node:crypto";
import type { ServingPair } from "./server.ts";

/** What is kept in the Secret. */
export interface Keyring {
  /** The pair to serve with. */
  current: ServingPair;
  /** The pair to serve with next; it is staged. */
  next: ServingPair | undefined;
  /** All authorities that the API server is to believe, in PEM. */
  bundle: string[];
  /** When the last step was taken. */
  changedMs: number;
}

export interface Lifetimes {
  validMs: number;
  /** Which part of its life a certificate has behind it when its successor is staged. */
  renewAfter: number;
  /** From staging to promotion. */
  settleMs: number;
  /** From promotion to retirement. */
  overlapMs: number;
}

const DAY_MS = 86_400_000;
export const LIFETIMES: Lifetimes = {
  validMs: 90 * DAY_MS,
  renewAfter: 2 / 3,
  settleMs: 10 * 60_000,
  overlapMs: DAY_MS,
};

export type Step = "none" | "stage" | "promote" | "retire";

/** What to do now; `names` is what the certificate must be good for. */
export function nextStep(ring: Keyring, names: readonly string[], nowMs: number, lifetimes: Lifetimes): Step {
  const { current, next, bundle, changedMs } = ring;
  const isUsable = covers(current, names) && expiryMs(current) > nowMs;
  const nextIsUsable = next !== undefined && covers(next, names) && expiryMs(next) > nowMs;
  if (nextIsUsable) return !isUsable || nowMs - changedMs >= lifetimes.settleMs ? "promote" : "none";
  if (!isUsable || nowMs >= renewalMs(current, lifetimes)) return "stage";
  return bundle.length > 1 && nowMs - changedMs >= lifetimes.overlapMs ? "retire" : "none";
}

/** When the successor of a pair is due. */
export function renewalMs(pair: ServingPair, { renewAfter }: Lifetimes): number {
  const { validFrom, validTo } = new X509Certificate(pair.cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return from + (to - from) * renewAfter;
}

export function expiryMs({ cert }: ServingPair): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

/** Whether a certificate is good for all of these DNS names and addresses. */
export function covers({ cert }: ServingPair, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  return names.every((name) => (certificate.checkHost(name) ?? certificate.checkIP(name)) !== undefined);
}

/** The authorities that signed any of these pairs. */
export function authoritiesOf(bundle: readonly string[], pairs: readonly (ServingPair | undefined)[]): string[] {
  const certificates = pairs.flatMap((pair) => (pair === undefined ? [] : [new X509Certificate(pair.cert)]));
  return bundle.filter((pem) => {
    const authority = new X509Certificate(pem);
    return certificates.some(
      (certificate) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
  });
}

/** The certificates in a PEM file. */
export function splitPem(text: string): string[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => `${pem}\n`);
}
