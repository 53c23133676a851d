/** What is asked of the server, and what does it answer from? */
import type { Clock } from "../../kube/clock.ts";
import type { Admission } from "../admission.ts";
import type { Contents } from "../content.ts";
import type { Store } from "../store.ts";

export interface ApiRequest {
  method: string;
  /** With the query. */
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Parsed. */
  body?: unknown;
  /** Who asks; told to those who listen to writes. */
  user: string;
  /** The version up to which this connection's server has come, where it is behind. */
  behindAt?: number | undefined;
  /** Asked before a write is stored; without it every write is let through. */
  admission?: Admission;
}

/** A request under way, and what its answer is to warn of. */
export interface Call extends ApiRequest {
  warnings: string[];
  /** The body has its owners already: it was merged by server-side apply. */
  isApplied?: boolean;
  /** Told back: an object was made, though nobody said POST. */
  isCreation?: boolean;
}

/** What all requests are answered from. */
export interface Backend {
  clock: Pick<Clock, "nowMs" | "random">;
  store: Store;
  /** What objects may look like; a kind without an entry takes everything. */
  contents: Contents;
  /** Nothing can be made in a namespace that does not exist. */
  needsNamespaces: boolean;
  /** Whether objects say who owns which of their fields. It costs time, and server-side apply does not go without. */
  tracksOwners: boolean;
}
