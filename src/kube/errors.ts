/** What a server says when it refuses: the wire form of `kind: Status`. */
export interface Status {
  kind: "Status";
  apiVersion?: string;
  metadata?: { resourceVersion?: string; continue?: string };
  status?: string;
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/** The server answered, and the answer was no. Nothing was changed by this attempt. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly code: number;
  /** e.g. "NotFound", "Conflict"; "" when the server gave none. */
  readonly reason: string;
  readonly details: StatusDetails;
  readonly retryAfterSeconds: number | undefined;
  readonly verb: string;
  readonly path: string;
  /** The server's own words, cut to a few hundred characters. */
  readonly serverMessage: string;
  /**
   * An earlier attempt of the same call ended without an answer and may have been applied: a 409, a 404 or an
   * AlreadyExists may be the echo of our own write. Look at the object live before you believe this answer.
   */
  readonly afterUnknown: boolean;

  constructor(fields: {
    code: number;
    reason?: string | undefined;
    message?: string | undefined;
    details?: StatusDetails | undefined;
    retryAfterSeconds?: number | undefined;
    verb: string;
    path: string;
    afterUnknown?: boolean;
  }) {
    const said = shorten(withoutValues(fields.message ?? ""));
    super(`Cannot ${fields.verb} ${fields.path}: ${fields.code} ${fields.reason ?? ""}${said && `: ${said}`}`);
    this.name = "ApiError";
    this.code = fields.code;
    this.reason = fields.reason ?? "";
    this.details = fields.details ?? {};
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.verb = fields.verb;
    this.path = fields.path;
    this.serverMessage = said;
    this.afterUnknown = fields.afterUnknown ?? false;
  }
}

/** A write ended without a usable answer (time-out, reset, 5xx): it may have been applied. Look live, never assume. */
export class UnknownOutcomeError extends Error {
  readonly verb: string;
  readonly path: string;
  /** HTTP status of the last answer, if there was one. */
  readonly code: number | undefined;

  constructor(verb: string, path: string, cause: unknown, code?: number) {
    super(`Cannot tell whether ${verb} ${path} was applied: ${shorten(messageOf(cause))}`, { cause });
    this.name = "UnknownOutcomeError";
    this.verb = verb;
    this.path = path;
    this.code = code;
  }
}

/** A read got no answer, or a request provably never left: nothing was changed. */
export class NoAnswerError extends Error {
  readonly verb: string;
  readonly path: string;

  constructor(verb: string, path: string, cause: unknown) {
    super(`Cannot ${verb} ${path}: no answer: ${shorten(messageOf(cause))}`, { cause });
    this.name = "NoAnswerError";
    this.verb = verb;
    this.path = path;
  }
}

/** The write was not sent because this process does not lead (any more). */
export class NotLeaderError extends Error {
  constructor(verb: string, path: string) {
    super(`Cannot ${verb} ${path}: this process is not the leader`);
    this.name = "NotLeaderError";
  }
}

export const isNotFound = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 404;
/** A precondition (uid, resourceVersion) did not hold. AlreadyExists, which is 409 too, is not meant. */
export const isConflict = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 409 && error.reason !== "AlreadyExists";
export const isAlreadyExists = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 409 && error.reason === "AlreadyExists";
/** The version or continue token asked for is no longer kept. */
export const isGone = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 410;
export const isInvalid = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 422;
export const isForbidden = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 403;
/** Nothing new is taken in this namespace any more, whatever it is. */
export const isNamespaceTerminating = (error: unknown): error is ApiError =>
  isForbidden(error) && error.details.causes?.some(({ reason }) => reason === "NamespaceTerminating") === true;
/** The server, or a policy or webhook of its, will not have the object as it is; the same again would be refused again. */
export const isRefused = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 422].includes(error.code);
export const isTooManyRequests = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 429;
/** The server has not yet seen the version asked for: wait and ask again. */
export const isVersionTooLarge = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  error.code === 504 &&
  (error.details.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge") === true ||
    error.serverMessage.includes("Too large resource version"));
/** Did this call, which failed, perhaps change something all the same? Then look live before going on. */
export function mayHaveBeenApplied(error: unknown): boolean {
  return error instanceof UnknownOutcomeError || (error instanceof ApiError && error.afterUnknown);
}
export const isUnknownOutcome = (error: unknown): error is UnknownOutcomeError => error instanceof UnknownOutcomeError;

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const ownCode = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  // Node's own messages begin with the code.
  const code = ownCode === "" || thrown.message.includes(ownCode) ? "" : ` (${ownCode})`;
  // An AggregateError of several connection attempts has no message of its own.
  const inner = thrown instanceof AggregateError ? thrown.errors.map((e) => messageOf(e)).join("; ") : "";
  return `${thrown.message || inner || thrown.name}${code}`;
}

/**
 * Refusals quote what they refuse, up to a whole pod spec with its environment: that has no place in logs and events.
 * The first line says which field and why; quoted strings and structs after "Invalid value" go.
 */
function withoutValues(message: string): string {
  const line = message.split("\n", 1)[0] ?? "";
  // In one go: what follows a text that is gone is the rule it broke, with brackets of its own.
  return line.replaceAll(/Invalid value: (?:"(?:[^"\\]|\\.)*"|(?:[\w.]+|&|\[\]|map\[)*[{[].*[}\]])/g, "Invalid value");
}

function shorten(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 397)}...`;
}

/** The error that a Status object stands for, e.g. in an ERROR event of a watch. */
export function errorOfStatus(status: Status, verb: string, path: string): ApiError {
  return new ApiError({
    code: status.code ?? 500,
    reason: status.reason,
    message: status.message,
    details: status.details,
    retryAfterSeconds: status.details?.retryAfterSeconds,
    verb,
    path,
  });
}

export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}
