import type { EventReason } from "../api/constants.ts";

/** Something the user should hear of, told once while it lasts. */
export interface Note {
  type: "Normal" | "Warning";
  reason: EventReason;
  message: string;
}
