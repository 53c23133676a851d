import type { Status } from "../kube/errors.ts";
import { ApiError } from "../kube/errors.ts";
import { PODS, resourcePath } from "../kube/resources.ts";
import type { Cluster } from "./cluster.ts";

/** Query parameters of pods/log, under the API's names. */
export interface LogQuery {
  container: string;
  follow?: boolean | undefined;
  previous?: boolean | undefined;
  timestamps?: boolean | undefined;
  tailLines?: number | undefined;
  sinceSeconds?: number | undefined;
}

/** The log of one container, line by line; with `follow` until the container ends. @throws {ApiError} when refused */
export async function* podLog(
  cluster: Cluster,
  pod: { namespace: string; name: string },
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== false) parameters.set(key, String(value));
  }
  const path = resourcePath(PODS, { ...pod, subresource: "log" });
  const answer = await cluster.wire.transport.text({
    method: "GET",
    path: `${path}?${parameters.toString()}`,
    headers: { accept: "*/*" },
    signal,
    lane: "bulk",
  });
  if (answer.status !== 200) {
    const status = answer.body as Partial<Status> | undefined;
    throw new ApiError({
      code: answer.status,
      reason: status?.reason,
      message: status?.message,
      details: status?.details,
      verb: "get",
      path,
    });
  }
  yield* lines(answer.chunks);
}

async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
