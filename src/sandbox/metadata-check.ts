/** What is wrong with the metadata of an object, whatever its kind. */
import type { StoredMeta } from "./objects.ts";
import type { Cause } from "./refusal.ts";

const PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const NAME_RULE = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const KEY_RULE = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${PART}')`;
const VALUE_RULE = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${PART})?')`;
const LABEL_MAX = 63;
const NAME_MAX = 253;

const isName = matcher(SUBDOMAIN);
const isPart = matcher(PART);

export function metadataCauses(metadata: StoredMeta): Cause[] {
  const { name, labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  return [
    ...(isName(name) ? [] : [invalid("metadata.name", name, NAME_RULE)]),
    ...(name.length > NAME_MAX ? [tooLong("metadata.name", NAME_MAX)] : []),
    ...Object.keys(labels).flatMap((key) => keyCauses("metadata.labels", key)),
    ...Object.values(labels).flatMap((value) => valueCauses(value)),
    ...Object.keys(annotations).flatMap((key) => keyCauses("metadata.annotations", key)),
    ...finalizers.flatMap((one) => keyCauses("metadata.finalizers", one)),
    ...ownerReferences.flatMap((owner) => [
      ...(owner.apiVersion ? [] : [invalid(ownerField("apiVersion"), "", "version must not be empty")]),
      ...(["kind", "name", "uid"] as const).flatMap((field) =>
        owner[field] ? [] : [invalid(ownerField(field), "", "must not be empty")],
      ),
    ]),
    ...controllerCauses(metadata),
  ];
}

function controllerCauses({ ownerReferences = [] }: StoredMeta): Cause[] {
  const [one, two] = ownerReferences.filter(({ controller }) => controller);
  if (one === undefined || two === undefined) return [];
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${one.kind}/${one.name} and ${two.kind}/${two.name}`;
  return [{ reason: "FieldValueInvalid", field: "metadata.ownerReferences", message: `Invalid value: ${why}` }];
}

/** "example.com/name" or "name". */
function keyCauses(field: string, key: string): Cause[] {
  const [prefix, name = prefix, more] = key.includes("/") ? key.split("/") : ["", key];
  const isFine = more === undefined && isPart(name ?? "") && (name ?? "").length <= LABEL_MAX;
  return isFine && (!key.includes("/") || isName(prefix ?? "")) ? [] : [invalid(field, key, KEY_RULE)];
}

function valueCauses(value: string): Cause[] {
  if (value.length > LABEL_MAX) return [tooLong("metadata.labels", LABEL_MAX)];
  return value === "" || isPart(value) ? [] : [invalid("metadata.labels", value, VALUE_RULE)];
}

function ownerField(name: string): string {
  return `metadata.ownerReferences.${name}`;
}

function invalid(field: string, value: string, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function tooLong(field: string, max: number): Cause {
  return { reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${max} bytes` };
}

function matcher(form: string): (text: string) => boolean {
  const whole = new RegExp(`^${form}$`);
  return (text) => whole.test(text);
}
