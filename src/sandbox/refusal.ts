import type { Status, StatusDetails } from "../kube/errors.ts";
import type { Answer } from "../kube/transport.ts";

/** Thrown inside the server; becomes an answer with a Status in the API's own form. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get status(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }

  answer(): Answer {
    const seconds = this.details?.retryAfterSeconds;
    return {
      status: this.code,
      headers: {
        "content-type": "application/json",
        ...(seconds === undefined ? {} : { "retry-after": String(seconds) }),
      },
      body: this.status,
    };
  }
}

/** What a refusal is about. */
interface About {
  group: string;
  plural: string;
  kind: string;
}

const qualified = ({ group, plural }: About) => (group === "" ? plural : `${plural}.${group}`);

export function notFound(about: About, name: string): Refusal {
  return new Refusal(404, "NotFound", `${qualified(about)} "${name}" not found`, {
    name,
    group: about.group,
    kind: about.plural,
  });
}

export function alreadyExists(about: About, name: string): Refusal {
  return new Refusal(409, "AlreadyExists", `${qualified(about)} "${name}" already exists`, {
    name,
    group: about.group,
    kind: about.plural,
  });
}

export function conflict(about: About, name: string, why?: string): Refusal {
  const said = why ?? "the object has been modified; please apply your changes to the latest version and try again";
  return new Refusal(409, "Conflict", `Operation cannot be fulfilled on ${qualified(about)} "${name}": ${said}`, {
    name,
    group: about.group,
    kind: about.plural,
  });
}

/** One thing wrong with one field, in the words of the API: "Invalid value: -1: must be ...", "Required value". */
export interface Cause {
  reason: string;
  field: string;
  message: string;
}

export function missingValue(field: string): Cause {
  return { reason: "FieldValueRequired", field, message: "Required value" };
}

export function invalidValue(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): Cause {
  const all = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${all}`;
  return { reason: "FieldValueNotSupported", field, message };
}

export function invalid(about: About, name: string, field: string, why: string): Refusal {
  return invalidFor(about, name, [{ reason: "FieldValueInvalid", message: why, field }]);
}

export function invalidFor(about: About, name: string, causes: readonly Cause[]): Refusal {
  const kind = about.group === "" ? about.kind : `${about.kind}.${about.group}`;
  const said = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = said.length === 1 ? said[0] : `[${said.join(", ")}]`;
  return new Refusal(422, "Invalid", `${kind} "${name}" is invalid: ${all}`, {
    name,
    group: about.group,
    kind: about.kind,
    causes: [...causes],
  });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, "BadRequest", message);
}

/** `accepted`: the forms in which a body may come; those of a whole object unless it is a patch. */
export function unsupportedMediaType(accepted: readonly string[] = ["application/json", "application/yaml"]): Refusal {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new Refusal(415, "UnsupportedMediaType", message);
}

export function notAllowed(): Refusal {
  const message = "the server does not allow this method on the requested resource";
  return new Refusal(405, "MethodNotAllowed", message, {});
}

/** The body speaks of another object than the path. */
export function misnamed(found: unknown, wanted: string): Refusal {
  return badRequest(`the name of the object (${String(found)}) does not match the name on the URL (${wanted})`);
}

export function expired(message: string): Refusal {
  return new Refusal(410, "Expired", message);
}

/** The server has not come as far as the version that was asked for. */
export function versionTooLarge(wanted: number, current: number): Refusal {
  return new Refusal(504, "Timeout", `Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
