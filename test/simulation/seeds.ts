/** How many seeds the normal run plays, from 1. Every hole of the museum must be found by one of them. */
export const SEEDS = Number(process.env["SEEDS"] ?? 1000);
