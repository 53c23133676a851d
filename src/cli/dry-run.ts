import { Option } from "@commander-js/extra-typings";

/** `--dry-run`, for every verb that writes: the server checks the request and stores nothing. */
export function dryRunOption() {
  return new Option("--dry-run [strategy]", "let the server check the change, and store nothing").choices([
    "none",
    "server",
  ] as const);
}

export function isDryRun(given: string | true | undefined): boolean {
  return given !== undefined && given !== "none";
}
