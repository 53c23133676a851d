import { isDeepStrictEqual } from "node:util";
import jsonpatch from "fast-json-patch";
import type { CloneSetObject } from "./cluster.ts";

/** One step of a JSON patch. */
export interface Operation {
  op: "test" | "add" | "replace" | "remove";
  path: string;
  value?: unknown;
}

type Path = readonly (string | number)[];

/**
 * A change of one CloneSet, collected step by step, sent as one JSON patch.
 *
 * The patch tests uid and generation first: what was computed from an older spec never overwrites somebody else's edit.
 * Writes of the status do not raise the generation, so a rollout under way is in nobody's way.
 */
export class Edit {
  readonly before: CloneSetObject;
  readonly #steps: Operation[] = [];
  #now: CloneSetObject;

  constructor(before: CloneSetObject) {
    this.before = before;
    this.#now = structuredClone(before);
  }

  /** The CloneSet with the change made. */
  get after(): CloneSetObject {
    return this.#now;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** What changes, for people: without the tests. */
  get steps(): readonly Operation[] {
    return this.#steps;
  }

  get patch(): Operation[] {
    const { uid, generation } = this.before.metadata;
    return [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/metadata/generation", value: generation },
      ...this.#steps,
    ];
  }

  /** Sets a member, and makes the objects around it where they are missing; no step if it has this value already. */
  set(path: Path, value: unknown): this {
    const missing = path.findIndex((_, i) => this.#read(path.slice(0, i + 1)) === undefined);
    if (missing === -1) {
      if (!isDeepStrictEqual(this.#read(path), value)) this.#step({ op: "replace", path: pointer(path), value });
      return this;
    }
    const added = path.slice(missing + 1).reduceRight((inner: unknown, key) => ({ [key]: inner }), value);
    return this.#step({ op: "add", path: pointer(path.slice(0, missing + 1)), value: added });
  }

  /** Removes a member, if it is there. */
  remove(path: Path): this {
    return this.#read(path) === undefined ? this : this.#step({ op: "remove", path: pointer(path) });
  }

  /** Changes what is below `path` into `value`, in as few steps as it takes. */
  turnInto(path: Path, value: object): this {
    const steps = jsonpatch.compare(this.#read(path) as object, value) as Operation[];
    for (const step of steps) this.#step({ ...step, path: pointer(path) + step.path });
    return this;
  }

  #step(step: Operation): this {
    this.#steps.push(step);
    this.#now = jsonpatch.applyOperation(this.#now, step as jsonpatch.Operation, false, false).newDocument;
    return this;
  }

  #read(path: Path): unknown {
    return path.reduce<unknown>(
      (here, key) => (typeof here === "object" && here !== null ? (here as Record<string, unknown>)[key] : undefined),
      this.#now,
    );
  }
}

function pointer(path: Path): string {
  return path.map((part) => `/${jsonpatch.escapePathComponent(String(part))}`).join("");
}
