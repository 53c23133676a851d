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
  /** Returns what there is to say afterwards. */
  run: () => Promise<string>;
}

/** The verbs that have a key. `perform` runs a command line of the plugin, and returns what it said. */
export function verbActions(perform: (args: string[]) => Promise<string>, flag: string): KeyAction[] {
  const deed = (args: string[], asks = true): Deed => ({
    command: `kubectl cloneset ${args.join(" ")}${flag}`,
    asks,
    run: () => perform(args),
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
