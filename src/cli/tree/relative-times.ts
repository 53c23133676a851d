import { duration } from "../age.ts";

const TIME = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)`;

/** The controller writes absolute times, because a text that counts would have to be written anew; people count. */
export function relativeTimes(text: string, nowMs: number): string {
  return text
    .replaceAll(new RegExp(`since ${TIME}`, "g"), (_, time: string) => `for ${duration(nowMs - Date.parse(time))}`)
    .replaceAll(new RegExp(`at ${TIME}`, "g"), (_, time: string) => `in ${duration(Date.parse(time) - nowMs)}`);
}
