import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSentence, trimPodApi } from "../../../crds/pod-api.ts";

const sentences = [
  { name: "the rest is cut", text: "Image name. More in the docs.", want: "Image name." },
  { name: "one sentence stays", text: "Image name.", want: "Image name." },
  { name: "no full stop: all of it", text: "image name", want: "image name" },
  { name: "an abbreviation does not end it", text: "A value, e.g. Always. Then more.", want: "A value, e.g. Always." },
  { name: "a version does not end it", text: "Since 1.28 it works. More.", want: "Since 1.28 it works." },
  { name: "a blank line ends it", text: "one of\n\nAlways, Never", want: "one of" },
  { name: "line ends become spaces", text: "Image\n  name. More.", want: "Image name." },
];
for (const { name, text, want } of sentences) {
  test(`first sentence: ${name}`, () => assert.equal(firstSentence(text), want));
}

test("trimming keeps what the roots lead to, except what is replaced", () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const document = {
    info: { version: "v1.36.3" },
    components: {
      schemas: {
        Pod: { type: "object", properties: { time: ref("Time"), spec: { allOf: [ref("Spec")] } } },
        Spec: { type: "object", properties: { list: { type: "array", items: ref("Item") } } },
        Item: { type: "object", description: "An item. Long text." },
        Time: { type: "object", properties: { deep: ref("OnlyThroughTime") } },
        OnlyThroughTime: { type: "string" },
        Node: { type: "object" },
      },
    },
  };
  const trimmed = trimPodApi(document, ["Pod"], new Set(["Time"]));
  assert.deepEqual(Object.keys(trimmed.definitions), ["Item", "Pod", "Spec"]);
  assert.equal(trimmed.definitions["Item"]?.description, "An item.");
  assert.equal(trimmed.kubernetesVersion, "v1.36.3");
  assert.throws(() => trimPodApi(document, ["Nobody"], new Set()), /no definition Nobody/);
});
