/** How many seeds the normal run plays, from 1. Every hole of the museum must be found by one of them. */
export const NORMAL = 1000;

/** How many this run plays. Fewer make everything else smaller in the same measure, for a machine that is busy. */
export const SEEDS = Number(process.env["SEEDS"] ?? NORMAL);

/** One in so many of what is not counted in seeds: crash points, switches of the museum. */
export const ONE_IN = Math.max(1, Math.round(NORMAL / SEEDS));
