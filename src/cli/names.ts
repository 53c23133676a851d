import { Argument } from "@commander-js/extra-typings";
import { GROUP } from "../api/constants.ts";
import type { CloneSetObject } from "./cluster.ts";

/** `<cloneset>`: a bare name, or with the kind before it, as kubectl prints it. */
export function cloneSetArgument() {
  return new Argument("<cloneset>", "its name").argParser(cloneSetName);
}

export function cloneSetName(text: string): string {
  return text.replace(/^(clone|clonesets?)(\.apps\.kruise\.io)?\//, "");
}

/** As `-o name` prints it. */
export function fullName({ metadata }: CloneSetObject): string {
  return `cloneset.${GROUP}/${metadata.name}`;
}
