/** Hashes and names of revisions. */

import type { ClaimTemplate } from "../api/kubernetes.ts";
import type { OrderedJson } from "./go-json.ts";
import { compareBytes, goText } from "./go-json.ts";
import { goForm } from "./snapshot.ts";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** What the decimal digits 0 to 9 are written as: no vowels, so that no words come out. */
const SAFE_DIGITS = "456789bcdf";
/** Room for "-" and the hash in a name of at most 253 bytes, with some to spare. */
const NAME_BYTES_MAX = 223;

/** The short hash of revision data: FNV-1 (32 bit) of the bytes and the decimal collision count, in letters that spell no words. */
export function shortHash(bytes: string, collisionCount: number): string {
  let sum = FNV_OFFSET;
  for (const byte of Buffer.from(`${bytes}${collisionCount}`)) sum = (Math.imul(sum, FNV_PRIME) ^ byte) >>> 0;
  return Array.from(String(sum), (digit) => SAFE_DIGITS[Number(digit)]).join("");
}

/** `<name>-<hash>`; the name is cut to 223 bytes. */
export function revisionName(cloneSetName: string, hash: string): string {
  return `${cloneSetName.slice(0, NAME_BYTES_MAX)}-${hash}`;
}

/** The part after the last "-", all of it if there is none: the short hash of a revision name or of a revision label. */
export function shortPart(revision: string): string {
  return revision.slice(revision.lastIndexOf("-") + 1);
}

/** The decimal hash of claim templates (name and spec, sorted by name); "" when there are none. */
export function claimTemplatesHash(claimTemplates: readonly ClaimTemplate[]): string {
  return claimTemplates.length === 0 ? "" : hashOfClaims(claimTemplates);
}

/**
 * FNV-1a (32 bit), decimal, of what Go prints for the bytes of a JSON list: `([]uint8)[91 123 …]`. Each claim counts with name
 * and spec alone. No claims at all are `null`.
 */
export function hashOfClaims(claimTemplates: readonly ClaimTemplate[]): string {
  const claims = [...claimTemplates]
    .sort((a, b) => compareBytes(a.metadata.name, b.metadata.name))
    .map(({ metadata, spec }): OrderedJson => {
      const members: [string, OrderedJson][] = [
        [
          "metadata",
          new Map<string, OrderedJson>([
            ["name", metadata.name],
            ["creationTimestamp", null],
          ]),
        ],
        ["spec", goForm("PersistentVolumeClaimSpec", spec)],
        ["status", new Map()],
      ];
      return new Map(members);
    });
  const text = claims.length === 0 ? "null" : goText(claims);
  const printed = `([]uint8)[${Array.from(Buffer.from(text)).join(" ")}]`;
  let sum = FNV_OFFSET;
  for (const byte of Buffer.from(printed)) sum = Math.imul(sum ^ byte, FNV_PRIME) >>> 0;
  return String(sum);
}
