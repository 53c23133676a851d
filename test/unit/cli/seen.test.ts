import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/cli/cluster.ts";
import type { Connection } from "../../../src/cli/connection.ts";
import { watchSeen } from "../../../src/cli/seen.ts";
import { ApiError } from "../../../src/kube/errors.ts";
import type { Resource } from "../../../src/kube/resources.ts";
import { PODS } from "../../../src/kube/resources.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

/** Lets the caller read everything but pods. */
function clusterWithoutPods(): Cluster {
  const forbidden = new ApiError({
    code: 403,
    reason: "Forbidden",
    message: "pods is forbidden",
    verb: "list",
    path: "/pods",
  });
  const client = {
    get: () => Promise.resolve(wireCloneSet()),
    async *listPages({ plural }: Resource) {
      if (plural === PODS.plural) throw forbidden;
      yield await Promise.resolve({ items: [], resourceVersion: "1" });
    },
    watch: (_: Resource, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
  };
  return new Cluster({ client, namespace: "default", contextNamespace: "default" } as unknown as Connection);
}

test("a watch of what may not be read ends with the refusal, and does not wait for ever", async () => {
  const clock = new FakeClock();
  const watching = watchSeen(clusterWithoutPods(), "web", { clock, onChange: () => {} });
  await assert.rejects(watching, /pods is forbidden/);
  assert.equal(clock.pending, 0, "nothing goes on");
});
