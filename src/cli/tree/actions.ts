import type { Said } from "../cli.ts";
import { ExitCode } from "../exit-code.ts";
import type { Tree } from "./tree.ts";

/** What a key does in the live view. */
export interface KeyAction {
  key: string;
  title: (tree: Tree) => string;
  /** What is to be done now, or in words why it cannot be. `pod`: the one under the cursor. */
  begin: (tree: Tree, pod: string | undefined) => Deed | string;
}

/** Something about to be done. */
export interface Deed {
  /** The same as a command to type. */
  command: string;
  /** It changes something: ask first. */
  asks: boolean;
  /** What it would come to; unless `goesOn`, it would fail, and there is nothing to ask about. */
  foretell?: () => Promise<{ lines: string[]; goesOn: boolean }>;
  /** Returns what there is to say afterwards. */
  run: () => Promise<string>;
}

/** The verbs that have a key. `perform` runs a command line of the plugin. */
export function verbActions(perform: (args: string[]) => Promise<Said>, flag: string): KeyAction[] {
  const deed = (args: string[], asks = true): Deed => ({
    command: `kubectl cloneset ${args.join(" ")}${flag}`,
    asks,
    ...(asks && { foretell: async () => forecast(await perform([...args, "--dry-run"])) }),
    run: async () => (await perform(args)).text,
  });
  return [
    { key: "p", title: () => "promote", begin: ({ name }) => deed(["promote", name, "--full"]) },
    {
      key: "z",
      title: ({ rollout }) => (rollout.paused ? "resume" : "pause"),
      begin: ({ name, rollout }) => deed([rollout.paused ? "resume" : "pause", name]),
    },
    { key: "u", title: () => "undo", begin: ({ name }) => deed(["undo", name]) },
    { key: "r", title: () => "restart", begin: ({ name }) => deed(["restart", name]) },
    {
      key: "d",
      title: () => "remove",
      begin: ({ name }, pod) =>
        pod === undefined ? "remove: choose a pod first, with the arrow keys" : deed(["scale-in", name, "--pods", pod]),
    },
    { key: "y", title: () => "why", begin: ({ name }, pod) => deed(["why", pod ?? name], false) },
  ];
}

/** What a dry run said, without the commands for afterwards. */
function forecast({ text, exitCode }: Said): { lines: string[]; goesOn: boolean } {
  const lines = text.trimEnd().split("\n");
  const goesOn = exitCode === ExitCode.done;
  return { lines: goesOn ? lines.filter((line) => !/^(Next|Same as): /.test(line)) : lines, goesOn };
}
