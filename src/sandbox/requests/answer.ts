/** What does the answer to a request look like? */
import type { Answer } from "../../kube/transport.ts";
import type { JsonMap } from "../objects.ts";
import { JsonPatchError, StrategicPatchError } from "../patch.ts";
import { Refusal } from "../refusal.ts";

export function ok(body: unknown, status: number, warnings: readonly string[]): Answer {
  const type = typeof body === "string" ? "text/plain" : "application/json";
  return withWarnings({ status, headers: { "content-type": type }, body }, warnings);
}

/** @throws the error itself if it is none that a client is told */
export function refused(error: unknown, warnings: readonly string[]): Answer {
  if (error instanceof Refusal) return withWarnings(error.answer(), warnings);
  const said = "the server rejected our request due to an error in our request";
  if (error instanceof JsonPatchError) return new Refusal(422, "Invalid", said, {}).answer();
  if (error instanceof StrategicPatchError) return new Refusal(500, "", error.message).answer();
  throw error;
}

/** What a POST that makes no object is answered with. */
export function success(): JsonMap {
  return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", code: 201 };
}

/** Each as the Warning header has it: 299 = it says nothing about caches, "-" = nobody in particular says so. */
function withWarnings(answer: Answer, warnings: readonly string[]): Answer {
  if (warnings.length === 0) return answer;
  const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
  return { ...answer, headers: { ...answer.headers, warning } };
}
