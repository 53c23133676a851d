import type { Pod } from "../api/pod.ts";
import { rolloutOf } from "../cli/rollout.ts";
import type { Seen } from "../cli/seen.ts";
import type { Edit } from "./sample.ts";
import { edit, image } from "./sample.ts";

/** A part of the tour: what is done, when it is over, and what must hold then. */
export interface Chapter {
  title: string;
  text: string;
  edits: (seen: Seen) => Edit[];
  isOver: (now: Seen) => boolean;
  /** In words what is wrong; undefined when all is as it should be. */
  holds: (before: Seen, now: Seen) => string | undefined;
}

export const STORY: readonly Chapter[] = [
  {
    title: "Five pods",
    text: "Each has a name, an id and a volume of its own. The id stands in the names of the pod and of its volume.",
    edits: () => [],
    // Claims are watched apart from the rest.
    isOver: (now) => isDone(now) && now.claims.length === 5,
    holds: (_, now) => firstWrong([[now.pods.length === 5, `want 5 pods, found ${now.pods.length}`]]),
  },
  {
    title: "A new image, in place",
    text: "One pod after the other is taken out of service, gets the new image and comes back. No pod is re-created:\nnames, addresses, nodes and volumes stay, and each container restarts once.",
    edits: () => [edit.image("v2")],
    isOver: isDone,
    holds: (before, now) =>
      firstWrong([
        [sameUids(before.pods, now.pods), "a pod was re-created"],
        [now.pods.every((pod) => runs(pod, "v2")), "a pod does not run v2"],
        [now.pods.every((pod) => restarts(pod) === 1), "a container did not restart exactly once"],
      ]),
  },
  {
    title: "Another image, for two pods only",
    text: "partition: 3 holds three pods on the old revision. The rollout stops by itself when two pods are updated.",
    edits: () => [edit.partition(3), edit.image("v3")],
    isOver: (now) => rolloutOf(now.object).state === "held",
    holds: (before, now) =>
      firstWrong([
        [sameUids(before.pods, now.pods), "a pod was re-created"],
        [now.pods.filter((pod) => runs(pod, "v3")).length === 2, "not exactly two pods run v3"],
        [now.pods.filter((pod) => runs(pod, "v2")).length === 3, "not exactly three pods run v2"],
      ]),
  },
  {
    title: "The others follow",
    text: "partition: 0 lets the held pods go.",
    edits: () => [edit.partition(0)],
    isOver: isDone,
    holds: (before, now) =>
      firstWrong([
        [sameUids(before.pods, now.pods), "a pod was re-created"],
        [now.pods.every((pod) => runs(pod, "v3")), "a pod does not run v3"],
      ]),
  },
  {
    title: "One pod less, and exactly this one",
    text: "podsToDelete names the pod. It goes with its volume; nobody else is touched.",
    edits: ({ pods, cloneSet }) => [edit.scaleIn(third(pods).name, cloneSet.spec.replicas - 1)],
    isOver: (now) => isDone(now) && now.pods.length === 4 && now.claims.length === 4,
    holds: (before, now) => {
      const gone = third(before.pods);
      return firstWrong([
        [now.pods.every(({ name }) => name !== gone.name), `${gone.name} is still there`],
        [
          sameUids(
            before.pods.filter((pod) => pod !== gone),
            now.pods,
          ),
          "another pod was touched",
        ],
      ]);
    },
  },
  {
    title: "An image that cannot be pulled",
    text: "The rollout stops at one pod, because that one does not come back, and says why. The others serve on.",
    edits: () => [edit.image("bad")],
    isOver: (now) => rolloutOf(now.object).message.includes("cannot pull"),
    holds: (before, now) =>
      firstWrong([
        [sameUids(before.pods, now.pods), "a pod was re-created"],
        [now.pods.filter((pod) => runs(pod, "bad")).length === 1, "not exactly one pod has the bad image"],
        [rolloutOf(now.object).message.includes(image("bad")), "the message does not name the image"],
      ]),
  },
  {
    title: "And back",
    text: "The old image again: the broken pod is repaired in place, and the pods that never moved are left alone.",
    edits: () => [edit.image("v3")],
    isOver: isDone,
    holds: (before, now) =>
      firstWrong([
        [sameUids(before.pods, now.pods), "a pod was re-created"],
        [now.pods.every((pod) => runs(pod, "v3")), "a pod does not run v3"],
      ]),
  },
  {
    title: "A pod is lost",
    text: "Somebody deletes a pod. Its successor has the same id, the same name and the same volume.",
    edits: ({ pods }) => [edit.deletePod(third(pods).name)],
    isOver: (now) => isDone(now) && now.pods.length === 4,
    holds: (before, now) => {
      const lost = third(before.pods);
      const successor = now.pods.find(({ name }) => name === lost.name);
      return firstWrong([
        [successor !== undefined, `no pod is called ${lost.name}`],
        [successor?.uid !== lost.uid, `${lost.name} was not replaced`],
        [sameUids(before.claims, now.claims), "a volume claim was lost"],
      ]);
    },
  },
];

function isDone(seen: Seen): boolean {
  return rolloutOf(seen.object).state === "done";
}

function firstWrong(checks: readonly [boolean, string][]): string | undefined {
  return checks.find(([holds]) => !holds)?.[1];
}

function sameUids(before: readonly { uid: string }[], now: readonly { uid: string }[]): boolean {
  const uids = new Set(now.map(({ uid }) => uid));
  return before.length === now.length && before.every(({ uid }) => uids.has(uid));
}

/** By name, so that it is the same pod in the commands and in the checks. */
function third(pods: readonly Pod[]): Pod {
  const pod = pods.toSorted((a, b) => (a.name < b.name ? -1 : 1))[2];
  if (pod === undefined) throw new Error("there are fewer than three pods");
  return pod;
}

function runs({ containers }: Pod, tag: string): boolean {
  return containers.every((container) => container.image === image(tag));
}

function restarts({ containerStatuses }: Pod): number {
  return containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}
