/** Loaded before the tests of a mutation: the first failure is enough, nobody reads a smaller one. */
import * as fc from "fast-check";

fc.configureGlobal({ endOnFailure: true, seed: Number(process.env["SEED"] ?? 1) });
