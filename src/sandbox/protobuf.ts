/**
 * What does a body in Kubernetes' protobuf say, as JSON would? Go clients send built-in kinds so, `kubectl create` among them.
 *
 * Four bytes, then an envelope with the kind and the object; names and types of fields are those of the captured schemas, their
 * numbers those of the Go types.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { messageOf } from "../kube/errors.ts";
import type { Schema } from "./captured.ts";
import { numbers, SCHEMA_REF } from "./captured.ts";
import type { JsonMap } from "./objects.ts";
import { isMap } from "./objects.ts";
import { badRequest, Refusal, unsupportedMediaType } from "./refusal.ts";
import { allSchemas, schemaName } from "./schemas.ts";

const MAGIC = "k8s\0";
const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

type Wire = bigint | Uint8Array;

/** Those whose JSON is not that of a message with fields. */
const SPECIAL: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  [`${META}.Time`]: (bytes) => timeOf(bytes, ""),
  [`${META}.MicroTime`]: (bytes) => timeOf(bytes, `.${microsOf(bytes)}`),
  [`${META}.FieldsV1`]: (bytes) => JSON.parse(textOf(only(bytes, 1))) as unknown,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": (bytes) => JSON.parse(textOf(only(bytes, 1))) as unknown,
  "io.k8s.apimachinery.pkg.api.resource.Quantity": (bytes) => textOf(only(bytes, 1)),
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (bytes) =>
    only(bytes, 1) === 1n ? textOf(only(bytes, 3)) : integerOf(only(bytes, 2)),
};

/** @throws {Refusal} if it is not what it is called, or of a kind whose fields have no numbers here */
export function protobufBody(body: Uint8Array): JsonMap {
  if (textOf(body.subarray(0, MAGIC.length)) !== MAGIC) throw badRequest("the body of the request is no protobuf");
  try {
    const [type, raw] = [1, 2].map((number) => only(body.subarray(MAGIC.length), number) as Uint8Array);
    const [apiVersion, kind] = [1, 2].map((number) => textOf(only(type ?? NONE, number)));
    const [version = "", group = ""] = (apiVersion ?? "").split("/").toReversed();
    const name = schemaName({ group, version, kind: kind ?? "" });
    if (name === undefined || numbers()[name] === undefined) throw unsupportedMediaType();
    return { apiVersion, kind, ...objectOf(raw ?? NONE, name, allSchemas()[name] ?? {}) };
  } catch (error) {
    throw error instanceof Refusal ? error : badRequest(`the body of the request cannot be read: ${messageOf(error)}`);
  }
}

const NONE = new Uint8Array();

/** `schema`: of the message, or of the one that it stands inline in. */
function objectOf(bytes: Uint8Array, name: string, schema: Schema): JsonMap {
  const fields = numbers()[name] ?? {};
  const { properties = {}, required = [] } = schema;
  const object: JsonMap = {};
  for (const { number, wire } of fieldsOf(bytes)) {
    const field = fields[number];
    // A newer client knows more fields than the server.
    if (field === undefined) continue;
    if (field.startsWith("+")) {
      const inner = name.slice(0, name.lastIndexOf(".") + 1) + field.slice(1);
      Object.assign(object, objectOf(wire as Uint8Array, inner, schema));
      continue;
    }
    const property = field.replace("?", "");
    const type = properties[property] ?? {};
    const { items, additionalProperties } = type;
    if (items) object[property] = [...((object[property] as unknown[] | undefined) ?? []), valueOf(wire, items)];
    else if (isMap(additionalProperties)) {
      const [key, value] = [1, 2].map((part) => only(wire as Uint8Array, part));
      const entry = { [textOf(key)]: valueOf(value ?? NONE, additionalProperties) };
      object[property] = { ...(object[property] as JsonMap | undefined), ...entry };
    } else {
      const value = valueOf(wire, type);
      // What is no pointer in Go is always written: unless it must be there, nothing is as good as its zero.
      const isZero = value === undefined || value === "" || value === 0 || value === false;
      if (!isZero || field.endsWith("?") || required.includes(property)) object[property] = value;
    }
  }
  return object;
}

function valueOf(wire: Wire, schema: Schema): unknown {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.slice(SCHEMA_REF.length);
  if (name !== undefined) {
    const special = SPECIAL[name];
    return special ? special(wire as Uint8Array) : objectOf(wire as Uint8Array, name, allSchemas()[name] ?? {});
  }
  if (schema.type === "boolean") return wire !== 0n;
  if (schema.type === "integer") return integerOf(wire);
  return schema["format"] === "byte" ? Buffer.from(wire as Uint8Array).toString("base64") : textOf(wire);
}

function integerOf(wire: Wire | undefined): number {
  return typeof wire === "bigint" ? Number(wire) : 0;
}

function textOf(wire: Wire | undefined): string {
  return wire instanceof Uint8Array ? Buffer.from(wire).toString("utf8") : "";
}

/** Undefined = the zero time, which is no time. */
function timeOf(bytes: Uint8Array, fraction: string): string | undefined {
  if (bytes.length === 0) return undefined;
  return new Date(integerOf(only(bytes, 1)) * 1000).toISOString().replace(/\.000Z$/, `${fraction}Z`);
}

function microsOf(bytes: Uint8Array): string {
  return String(Math.floor(integerOf(only(bytes, 2)) / 1000)).padStart(6, "0");
}

/** The last value of one field. */
function only(bytes: Uint8Array, wanted: number): Wire | undefined {
  let found: Wire | undefined;
  for (const { number, wire } of fieldsOf(bytes)) if (number === wanted) found = wire;
  return found;
}

/** The fields of a message as they stand there: numbers, or what has a length. */
function* fieldsOf(bytes: Uint8Array): Generator<{ number: number; wire: Wire }> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.Varint) yield { number, wire: BigInt(reader.int64()) };
    else if (type === WireType.LengthDelimited) yield { number, wire: reader.bytes() };
    else reader.skip(type, number);
  }
}
