import type { Manifest } from "../manifests.ts";

/** One thing that lint has to say. */
export interface Finding {
  /** Id of the rule: scripts and annotations of a review go by it. */
  rule: string;
  /** An error is refused by the server, or cannot work. A warning is allowed and may surprise. */
  level: "error" | "warning";
  file: string;
  /** Where the object begins. */
  line: number;
  /** "CloneSet/web"; "" where the text is no object. */
  object: string;
  message: string;
}

/** Speaks about one manifest. */
export function finding(
  manifest: Manifest,
  { rule, level, message }: Pick<Finding, "rule" | "level" | "message">,
): Finding {
  return { rule, level, file: manifest.file, line: manifest.line, object: nameOf(manifest), message };
}

function nameOf({ object }: Manifest): string {
  if (object === undefined) return "";
  const { kind, metadata } = object as { kind?: unknown; metadata?: { name?: unknown } | null };
  const name = metadata?.name;
  return `${typeof kind === "string" ? kind : "?"}/${typeof name === "string" ? name : "?"}`;
}
