import { Option } from "@commander-js/extra-typings";

/** `client`: nothing is sent. `server`: the server checks the request and stores nothing. */
export type DryRun = "none" | "client" | "server";

/** `--dry-run`, for every verb that writes. The bare flag means server: only the server knows its admission rules. */
export function dryRunOption() {
  return new Option("--dry-run [strategy]", "change nothing; server (the default) also checks the request").choices([
    "none",
    "client",
    "server",
  ] as const);
}

export function dryRunOf(given: DryRun | true | undefined): DryRun {
  return given === true ? "server" : (given ?? "none");
}

/** As kubectl marks what it says. */
export function dryRunMark(dryRun: DryRun): string {
  return { none: "", client: " (dry run)", server: " (server dry run)" }[dryRun];
}
