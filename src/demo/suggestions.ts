import type { Watching } from "../cli/seen.ts";
import type { Deed, KeyAction } from "../cli/tree/actions.ts";
import type { Tree } from "../cli/tree/tree.ts";
import type { Playground } from "./playground.ts";
import type { Edit } from "./sample.ts";
import { carryOut, commandOf, edit, NAME } from "./sample.ts";

interface Suggestion {
  title: string;
  /** What it shows. */
  shows: string;
  edits: (pod: string, replicas: number) => Edit[];
}

const SUGGESTIONS: Suggestion[] = [
  {
    title: "new image",
    shows: "a new image, in place: names, addresses and volumes stay, each container restarts once",
    edits: () => [edit.image("v2")],
  },
  {
    title: "staged",
    shows: "another image, with three pods held on the old one",
    edits: () => [edit.partition(3), edit.image("v3")],
  },
  { title: "let go", shows: "let the held pods go", edits: () => [edit.partition(0)] },
  {
    title: "remove a pod",
    shows: "remove one pod by its name",
    edits: (pod, replicas) => [edit.scaleIn(pod, replicas - 1)],
  },
  {
    title: "bad image",
    shows: "an image that cannot be pulled: the rollout stops at one pod and says why",
    edits: () => [edit.image("bad")],
  },
  { title: "back", shows: "set it back: the broken pod is repaired in place", edits: () => [edit.image("v3")] },
];

/** What to try, with full commands. */
export function suggestions({ kubeconfig, log }: Playground, watching: Watching): string[] {
  const seen = watching.seen();
  const pod = seen?.pods[0]?.name ?? `${NAME}-xxxxx`;
  const replicas = seen?.cloneSet.spec.replicas ?? 0;
  return [
    "Things to try in another terminal:",
    "",
    `  export KUBECONFIG=${kubeconfig}`,
    "  kubectl get clonesets,pods,pvc",
    ...SUGGESTIONS.flatMap(({ shows, edits }) => [
      shows,
      ...edits(pod, replicas).flatMap((one) => inLines(`  ${commandOf(one)}`)),
    ]),
    "",
    `The controller's log: ${log}`,
  ];
}

/** What a terminal of 80 columns has room for. */
const WIDTH = 80;

/** Broken after a comma of the JSON, where a line break changes nothing: what is copied from the terminal works. */
export function inLines(command: string): string[] {
  const end = command.lastIndexOf(",", WIDTH - 1) + 1;
  if (command.length <= WIDTH || end === 0) return [command];
  return [command.slice(0, end), ...inLines(`    ${command.slice(end)}`)];
}

/** The same as keys of the live view. */
export function suggestedKeys({ cluster }: Playground): KeyAction[] {
  return SUGGESTIONS.map(({ title, edits }, i) => ({
    key: String(i + 1),
    title: () => title,
    begin: (tree: Tree, pod: string | undefined): Deed | string => {
      const chosen = pod ?? tree.revisions.flatMap(({ pods }) => pods)[0]?.name;
      if (chosen === undefined) return "there is no pod";
      const todo = edits(chosen, tree.rollout.desired);
      return {
        command: todo.map(commandOf).join(" && "),
        asks: true,
        run: async () => {
          for (const one of todo) await carryOut(one, cluster);
          return "";
        },
      };
    },
  }));
}
