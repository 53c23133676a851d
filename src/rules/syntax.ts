/** The forms of names in the Kubernetes API. Each answers undefined, or what is wanted. Every pattern is linear in its input. */

import { isIP } from "node:net";

const LABEL_MAX = 63;
const SUBDOMAIN_MAX = 253;
const PORT_NAME_MAX = 15;

/** One part of a DNS name: names of containers, volumes, namespaces. */
export function dnsLabel(text: string): string | undefined {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text) && text.length <= LABEL_MAX
    ? undefined
    : "lower-case letters, digits and dashes, starting and ending with a letter or digit, at most 63 characters";
}

/** A DNS name: names of most objects. */
export function dnsSubdomain(text: string): string | undefined {
  const isFine =
    text.length <= SUBDOMAIN_MAX && text.split(".").every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part));
  return isFine
    ? undefined
    : "lower-case letters, digits, dashes and dots, each part starting and ending with a letter or digit, at most 253 characters";
}

/** Keys of labels and annotations: `name` or `example.com/name`. */
export function qualifiedName(text: string): string | undefined {
  const parts = text.split("/");
  const name = parts.at(-1) ?? "";
  const isNameFine = name.length <= LABEL_MAX && /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name);
  const isPrefixFine = parts.length === 1 || (parts.length === 2 && dnsSubdomain(parts[0] ?? "") === undefined);
  return isNameFine && isPrefixFine
    ? undefined
    : "letters, digits, dashes, underscores and dots, starting and ending with a letter or digit, at most 63 characters, with an optional DNS name and a slash before it";
}

export function labelValue(text: string): string | undefined {
  return text.length <= LABEL_MAX && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(text)
    ? undefined
    : "letters, digits, dashes, underscores and dots, starting and ending with a letter or digit, at most 63 characters, or nothing";
}

/** Names of container ports. */
export function portName(text: string): string | undefined {
  const isFine =
    text.length <= PORT_NAME_MAX &&
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text) &&
    /[a-z]/.test(text) &&
    !text.includes("--");
  return isFine
    ? undefined
    : "lower-case letters, digits and single dashes, with at least one letter, starting and ending with a letter or digit, at most 15 characters";
}

/** Names of environment variables, as newer servers accept them. */
export function envName(text: string): string | undefined {
  return /^[ -<>-~]+$/.test(text) ? undefined : 'printable ASCII characters other than "="';
}

export function configKey(text: string): string | undefined {
  const isFine =
    text.length <= SUBDOMAIN_MAX && /^[-._a-zA-Z0-9]+$/.test(text) && text !== "." && !text.startsWith("..");
  return isFine
    ? undefined
    : 'letters, digits, dashes, underscores and dots, not starting with "..", at most 253 characters';
}

export function headerName(text: string): string | undefined {
  return /^[-A-Za-z0-9]+$/.test(text) ? undefined : "letters, digits and dashes";
}

export function ipAddress(text: string): string | undefined {
  return isIP(text) !== 0 ? undefined : "an IP address";
}

export function sysctlName(text: string): string | undefined {
  const isFine =
    text.length <= SUBDOMAIN_MAX && text.split(/[./]/).every((part) => /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(part));
  return isFine
    ? undefined
    : "parts of lower-case letters, digits, dashes and underscores with dots or slashes between them";
}

/** DNS search domains may have underscores, and end with a dot. */
export function searchDomain(text: string): string | undefined {
  const plain = text === "." ? "a" : text.replace(/\.$/, "");
  const isFine =
    plain.length <= SUBDOMAIN_MAX && plain.split(".").every((part) => /^[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?$/.test(part));
  return isFine ? undefined : "a DNS name, in lower case";
}

/** A path below a directory: relative, and never up. */
export function descendingPath(text: string): string | undefined {
  if (text.startsWith("/")) return "a relative path";
  return hasBackstep(text) ? 'a path without ".."' : undefined;
}

/** Likewise, and not starting with "..", which volumes use themselves. */
export function volumePath(text: string): string | undefined {
  return descendingPath(text) ?? (text.startsWith("..") ? 'a path that does not start with ".."' : undefined);
}

export function hasBackstep(text: string): boolean {
  return text.split("/").includes("..");
}
