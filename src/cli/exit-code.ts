/** What the shell is told. Scripts rely on these numbers. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Not done within the time that was given; for `status` without --watch that is no time at all. */
  timeout: 3,
  /** The rollout rests before its end, because it is paused or its partition holds it. */
  held: 4,
  /** Ended by Ctrl-C before it was done; what a shell says of that. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
