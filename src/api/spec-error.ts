/** Says that a CloneSet cannot be carried out as written. Retrying cannot help; only an edit can. */
export class SpecError extends Error {
  readonly field: string;

  constructor(field: string, found: unknown, wanted: string) {
    super(`Cannot use ${field}: want ${wanted}, found ${JSON.stringify(found)}`);
    this.name = "SpecError";
    this.field = field;
  }
}
