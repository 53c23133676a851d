// Bodies in protobuf: what a real API server says of one object in protobuf is what it says of it in JSON.

import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers, schemas } from "../../../src/sandbox/captured.ts";
import { protobufBody } from "../../../src/sandbox/protobuf.ts";
import { Refusal } from "../../../src/sandbox/refusal.ts";
import answers from "../../golden/protobuf.json" with { type: "json" };

for (const [what, { protobuf, json }] of Object.entries(answers)) {
  test(`${what} of a real API server`, () => assert.deepEqual(protobufBody(Buffer.from(protobuf, "base64")), json));
}

test("what ends too early is refused", () => {
  const whole = Buffer.from(answers["a pod"].protobuf, "base64");
  for (const length of [0, 3, 5, 40, whole.length - 1])
    assert.throws(() => protobufBody(whole.subarray(0, length)), Refusal, `${length} bytes`);
});

test("custom kinds have no protobuf: a real API server breaks the connection, this one says so", () => {
  const secret = Buffer.from(answers["a secret"].protobuf, "base64").toString("latin1");
  const renamed = Buffer.from(secret.replace("Secret", "Secrat"), "latin1");
  assert.throws(() => protobufBody(renamed), { code: 415, reason: "UnsupportedMediaType" });
});

test("every field of every built-in kind has a number", () => {
  const missing = Object.entries(schemas()).flatMap(([name, { properties = {} }]) => {
    const fields = namesOf(name);
    // The type of an object stands in the envelope.
    const asked = Object.keys(properties).filter((field) => field !== "apiVersion" && field !== "kind");
    return name.startsWith("io.k8s.api.")
      ? asked.filter((field) => !fields.has(field)).map((one) => `${name}.${one}`)
      : [];
  });
  assert.deepEqual(missing, []);
});

function namesOf(message: string): Set<string> {
  const names = Object.values(numbers()[message] ?? {}).flatMap((field) =>
    field.startsWith("+") ? [...namesOf(message.replace(/\w+$/, field.slice(1)))] : [field.replace("?", "")],
  );
  return new Set(names);
}
