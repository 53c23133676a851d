/** What a process says about itself at /metrics. */
import { request } from "undici";

export type Samples = ReadonlyMap<string, number>;

/** Values by name and labels, as they are written: `leader`, `event_loop_delay_seconds{quantile="0.99"}`. */
export async function scrape(address: string): Promise<Samples> {
  const answer = await request(`http://${address}/metrics`);
  const samples = new Map<string, number>();
  for (const line of (await answer.body.text()).split("\n")) {
    const end = line.lastIndexOf(" ");
    if (end > 0 && !line.startsWith("#")) samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return samples;
}

/** Requests to the API server between two scrapes. */
export interface Requests {
  verb: string;
  resource: string;
  subresource: string;
  code: string;
  count: number;
}

export function requestsBetween(before: Samples, after: Samples): Requests[] {
  const found: Requests[] = [];
  for (const [name, value] of after) {
    if (!name.startsWith("kube_client_requests_total{")) continue;
    const count = value - (before.get(name) ?? 0);
    const labelOf = (label: string) => new RegExp(`[{,]${label}="([^"]*)"`).exec(name)?.[1] ?? "";
    if (count === 0) continue;
    found.push({
      verb: labelOf("verb"),
      resource: labelOf("resource"),
      subresource: labelOf("subresource"),
      code: labelOf("code"),
      count,
    });
  }
  return found;
}
