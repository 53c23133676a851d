import { ApiError, mayHaveBeenApplied } from "../kube/errors.ts";
import type { Named } from "./look.ts";
import { cacheOf, isStaying, look, resourceOf } from "./look.ts";
import type { Hands } from "./writes.ts";

/**
 * Settles what a pass left open, before another one is planned: by a look; and what was asked to be deleted and still is
 * there is deleted again, because the first request may be under way yet. A server that refuses has refused that one, too.
 *
 * @throws if there is no answer again
 */
export async function settleOpen(hands: Pick<Hands, "client" | "caches">, open: Named): Promise<void> {
  const { kind, namespace, name, uid, doomed = false } = open;
  const found = await look(hands, open);
  if (!doomed || uid === undefined || !isStaying(found, uid)) return;
  try {
    const { resourceVersion = "" } = found.metadata;
    const answer = await hands.client.delete(resourceOf[kind], { namespace, name }, { uid, resourceVersion });
    if (answer.kind === "Status") await look(hands, open);
    else hands.caches[cacheOf[kind]].removed({ namespace, name, uid }, answer);
  } catch (error) {
    if (!(error instanceof ApiError) || mayHaveBeenApplied(error)) throw error;
    await look(hands, open);
  }
}
