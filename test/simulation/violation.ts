/** An invariant does not hold. */
export interface Violation {
  invariant: string;
  what: string;
}
