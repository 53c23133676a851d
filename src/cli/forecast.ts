/** What a rollout comes to, in words, for whoever is about to begin it. */

import type { CloneSet } from "../api/cloneset.ts";
import { maxUnavailable } from "../plan/availability.ts";
import { maxSurge } from "../plan/max-surge.ts";
import type { Move, PodMove } from "./pod-moves.ts";
import { countOf, listed } from "./pods-in-words.ts";

/** `after` is the CloneSet as it would be. `loses`: what goes for good, to be asked about; undefined if nothing does. */
export function foretold(
  moves: readonly PodMove[],
  after: CloneSet,
): { forecast: string[]; loses: string | undefined } {
  const extra = standIns(moves, after);
  if (extra === 0) return { forecast: inSentences(moves), loses: lossOf(moves) };
  const hasClaims = after.spec.claimTemplates.length > 0;
  const [are, go, their] = extra === 1 ? ["is", "goes", "its PVCs"] : ["are", "go", "their PVCs"];
  const withClaims = hasClaims ? `, with ${their}` : "";
  const replaced = `${extra} more ${extra === 1 ? "pod" : "pods"} ${are} made first, as maxUnavailable lets none be away, and ${extra} of those that would change in place ${go} instead${withClaims}`;
  const losses = [
    lossOf(moves),
    hasClaims ? `${countOf(extra)} ${go} for extra ones, with ${their} and their data.` : undefined,
  ];
  return {
    forecast: [...inSentences(moves), replaced],
    loses: losses.filter((loss) => loss !== undefined).join(" ") || undefined,
  };
}

/**
 * How many pods go although they could change in place. Where maxUnavailable leaves no room, extra pods stand in for those that
 * are away; each is of the new revision already, so an old pod is one too many.
 */
function standIns(moves: readonly PodMove[], { spec }: CloneSet): number {
  if (maxUnavailable(spec) > 0) return 0;
  return Math.min(maxSurge(spec), moves.filter(({ move }) => move === "inPlace").length);
}

/** The moves in sentences, one per kind and reason; pods that are updated already are not worth one. */
function inSentences(moves: readonly PodMove[]): string[] {
  const groups = Map.groupBy(
    moves.filter(({ move }) => move !== "none"),
    ({ move, why }) => `${move} ${why}`,
  );
  return [...groups.values()].map((group) => {
    const [{ move, why } = { move: "none" as const, why: "" }] = group;
    const lost = group.flatMap(({ claimsLost }) => claimsLost);
    const reason = why === "" ? "" : ` (${why})`;
    const loss = lost.length === 0 ? "" : `; ${group.length === 1 ? "its" : "their"} PVCs are deleted: ${listed(lost)}`;
    return `${countOf(group.length)} ${verbs(move, group.length)}${reason}: ${listed(group.map(({ pod }) => pod))}${loss}`;
  });
}

function verbs(move: Move, count: number): string {
  const one = count === 1;
  switch (move) {
    case "inPlace":
      return one ? "changes in place" : "change in place";
    case "recreate":
      return one ? "is re-created" : "are re-created";
    case "held":
      return one ? "stays as it is" : "stay as they are";
    case "onDelete":
      return one ? "changes when it is deleted" : "change when they are deleted";
    case "impossible":
      return "cannot be updated";
    case "leaving":
      return one ? "is on its way out" : "are on their way out";
    case "none":
      return one ? "is updated" : "are updated";
  }
}

function lossOf(moves: readonly PodMove[]): string | undefined {
  const lost = moves.flatMap(({ claimsLost }) => claimsLost);
  return lost.length === 0 ? undefined : `${lost.length === 1 ? "1 PVC" : `${lost.length} PVCs`} and their data go.`;
}

/** What holds pods back after a new template was set, in words; [] if nothing does. */
export function heldBack({ name, spec }: CloneSet, moves: readonly PodMove[], flag: string): string[] {
  const kept = moves.filter(({ move }) => move === "held").length;
  return [
    ...(spec.updateStrategy.paused ? [`Paused: nothing moves before kubectl cloneset resume ${name}${flag}`] : []),
    ...(kept > 0
      ? [
          `The partition keeps ${kept} of ${spec.replicas} pods as they are. Next: kubectl cloneset promote ${name}${flag}`,
        ]
      : []),
    ...(spec.updateStrategy.type === "OnDelete" ? ["OnDelete: pods change when somebody deletes them."] : []),
  ];
}
