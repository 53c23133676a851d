import type { Schema } from "../../../../src/sandbox/captured.ts";
import { typeOf } from "../../../../src/sandbox/fields/field-type.ts";

const text: Schema = { type: "string" };

/** One field of each kind that there is. */
const schema: Schema = {
  type: "object",
  properties: {
    size: { type: "integer" },
    labels: { type: "object", additionalProperties: text },
    whole: { type: "object", additionalProperties: text, "x-kubernetes-map-type": "atomic" },
    args: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
    holds: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    boxes: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: {
        type: "object",
        required: ["name"],
        properties: { name: text, image: text, labels: { type: "object", additionalProperties: text } },
      },
    },
  },
};

export const aType = typeOf(schema);
