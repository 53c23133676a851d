/** What did the controller ask of the API server? Read from the server's own audit log. */
import { open, stat } from "node:fs/promises";

/** One request that was answered. */
export interface AuditedRequest {
  verb: string;
  requestURI: string;
  userAgent?: string;
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  /** When the request came in, in RFC 3339 with microseconds. */
  requestReceivedTimestamp: string;
}

/** Remembers a place in the log, to read on from there. */
export class AuditLog {
  readonly #path: string;
  readonly #namespace: string;
  #offset = 0;

  /** Requests of our controller about one namespace. */
  static async open(path: string, namespace: string): Promise<AuditLog> {
    const log = new AuditLog(path, namespace);
    await log.skip();
    return log;
  }

  private constructor(path: string, namespace: string) {
    this.#path = path;
    this.#namespace = namespace;
  }

  /** Forgets what was written until now. */
  async skip(): Promise<void> {
    this.#offset = (await stat(this.#path)).size;
  }

  /** The requests since the last call. */
  async read(): Promise<AuditedRequest[]> {
    const file = await open(this.#path);
    try {
      const { size } = await file.stat();
      // With the byte before: the place may be in the middle of a line that was being written.
      const from = Math.max(0, this.#offset - 1);
      const { buffer } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const begin = this.#offset === 0 ? 0 : buffer.indexOf("\n") + 1;
      const end = buffer.lastIndexOf("\n") + 1;
      this.#offset = Math.max(this.#offset, from + end);
      return buffer
        .subarray(begin, end)
        .toString()
        .split("\n")
        .filter((line) => line.includes(`/${this.#namespace}/`) && line.includes('"cloneset-controller/'))
        .map((line) => JSON.parse(line) as AuditedRequest);
    } finally {
      await file.close();
    }
  }
}

export function isWrite({ verb }: AuditedRequest): boolean {
  return verb === "create" || verb === "update" || verb === "patch" || verb === "delete";
}

/** "pods", "pods/status", "clonesets/status", … */
export function resourceOf({ objectRef }: AuditedRequest): string {
  return [objectRef?.resource ?? "", objectRef?.subresource].filter((part) => part !== undefined).join("/");
}

/** How many requests of each sort: "patch pods/status" → 100. */
export function countBySort(requests: readonly AuditedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requests) {
    const sort = `${request.verb} ${resourceOf(request)}`;
    counts[sort] = (counts[sort] ?? 0) + 1;
  }
  return counts;
}

/** From the first request to the last. */
export function secondsBetween(requests: readonly AuditedRequest[]): number {
  const timesMs = requests.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
  return requests.length === 0 ? 0 : (Math.max(...timesMs) - Math.min(...timesMs)) / 1000;
}
