import { ApiError, messageOf, NoAnswerError, UnknownOutcomeError } from "../kube/errors.ts";
import { ExitCode } from "./exit-code.ts";

/** A verb cannot do what was asked. `next` is what the user can do about it: a command, or a sentence. */
export class Failure extends Error {
  readonly next: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    { next, exitCode = ExitCode.failed }: { next?: string | undefined; exitCode?: ExitCode } = {},
  ) {
    super(message);
    this.name = "Failure";
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** What was thrown, in kubectl's words, and the next step where one is known. */
export function explain(thrown: unknown): { text: string; exitCode: ExitCode } {
  if (thrown instanceof Failure) {
    return { text: withNext(`error: ${thrown.message}`, thrown.next), exitCode: thrown.exitCode };
  }
  if (thrown instanceof ApiError) return { text: refused(thrown), exitCode: ExitCode.failed };
  if (thrown instanceof NoAnswerError) {
    const text = `Unable to connect to the server: ${messageOf(thrown.cause)}`;
    return {
      text: withNext(text, "kubectl config current-context, and is that cluster up?"),
      exitCode: ExitCode.failed,
    };
  }
  if (thrown instanceof UnknownOutcomeError) {
    const next = "look before you try again: kubectl cloneset get NAME";
    return { text: withNext(`error: ${thrown.message}`, next), exitCode: ExitCode.failed };
  }
  return { text: `error: ${messageOf(thrown)}`, exitCode: ExitCode.failed };
}

function refused(error: ApiError): string {
  const { code, reason, serverMessage, details } = error;
  if (code === 404 && details.name === undefined) {
    return withNext(
      `error: the server does not serve ${error.path}`,
      "install the CustomResourceDefinition: kubectl apply -f crds/cloneset.yaml",
    );
  }
  if (code === 422) {
    // The server begins with the same words.
    const why = serverMessage.replace(/^\S+ "[^"]*" is invalid: /, "");
    return `The ${details.kind ?? "object"} "${details.name ?? ""}" is invalid: ${why}`;
  }
  const text = `Error from server${reason ? ` (${reason})` : ""}: ${serverMessage || code}`;
  return withNext(text, nextAfter(code));
}

function nextAfter(code: number): string | undefined {
  switch (code) {
    case 401:
      return "log in again; kubectl auth whoami says who you are";
    case 403:
      return "kubectl auth can-i --list says what you may do";
    case 404:
      return "kubectl cloneset list -A shows what there is";
    case 409:
      return "somebody else changed it meanwhile: look again, then repeat the command";
    default:
      return undefined;
  }
}

function withNext(text: string, next: string | undefined): string {
  return next === undefined ? text : `${text}\nNext: ${next}`;
}
