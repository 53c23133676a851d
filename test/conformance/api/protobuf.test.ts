// Bodies in Kubernetes' protobuf, as Go clients send built-in kinds, `kubectl create` among them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Obj } from "../target.ts";
import { onEachTarget } from "../target.ts";

/** One field with a length, of less than 128 bytes: so all of it is ASCII. */
const field = (number: number, value: string): string => String.fromCharCode((number << 3) | 2, value.length) + value;
const NONE = String.fromCharCode(0);

function envelope(apiVersion: string, kind: string, object: string): string {
  return `k8s${NONE}${field(1, field(1, apiVersion) + field(2, kind))}${field(2, object)}`;
}

const named = (name: string) => field(1, field(1, name));
const configMap = (name: string) => envelope("v1", "ConfigMap", named(name) + field(2, field(1, "a") + field(2, "b")));

onEachTarget("protobuf", (target) => {
  const post = (path: string, body: string) =>
    target().transport.request({
      method: "POST",
      path,
      headers: { accept: "application/json", "content-type": "application/vnd.kubernetes.protobuf" },
      body,
      signal: AbortSignal.timeout(20_000),
      lane: "bulk",
    });
  const refused = async (code: number, asked: ReturnType<typeof post>) => {
    const { status, body } = await asked;
    assert.equal(status, code, JSON.stringify(body));
  };

  test("a map of texts", async () => {
    const { status, body } = await post(target().core("configmaps"), configMap("texts"));
    assert.equal(status, 201, JSON.stringify(body));
    const { kind, metadata, data } = body as Obj & { data: object };
    assert.deepEqual([kind, metadata.name, data], ["ConfigMap", "texts", { a: "b" }]);
  });

  test("a number or a text, and a zero that was meant", async () => {
    const budgets = `/apis/policy/v1/namespaces/${target().namespace}/poddisruptionbudgets`;
    const zero = [0x08, 0, 0x10, 0, 0x1a, 0].map((byte) => String.fromCharCode(byte)).join("");
    for (const [name, value, want] of [
      ["number", zero, 0],
      ["text", String.fromCharCode(0x08, 1) + field(3, "50%"), "50%"],
    ] as const) {
      const body = envelope("policy/v1", "PodDisruptionBudget", named(name) + field(2, field(3, value)));
      const { spec } = (await post(budgets, body)).body as { spec: { maxUnavailable: unknown } };
      assert.equal(spec.maxUnavailable, want);
    }
  });

  test("what is not served is not found, whatever is sent", async () => {
    await refused(404, post(`/apis/none.example.com/v1/namespaces/${target().namespace}/nones`, configMap("none")));
  });

  test("something else under that name", async () => {
    await refused(400, post(target().core("configmaps"), "{}"));
  });
});
