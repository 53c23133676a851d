/**
 * Values of absent top-level fields. The CRD schema fills in the same ones; these hold for objects that were
 * stored before the schema had them. The pod template gets no defaults: it is stored as the user wrote it.
 */
export const defaults = {
  replicas: 1,
  revisionHistoryLimit: 10,
  minReadySeconds: 0,
  updateType: "ReCreate",
  partition: 0,
  maxUnavailable: "20%",
  maxSurge: 0,
  gracePeriodSeconds: 0,
} as const;

/** This value of `progressDeadlineSeconds` means "never", as its absence does. */
export const NO_DEADLINE = 2147483647;
