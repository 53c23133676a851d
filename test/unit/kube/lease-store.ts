import type { Answer, Transport, TransportRequest } from "../../../src/kube/transport.ts";

/** One Lease in memory, behind a Transport, with the server's optimistic locking. Faults are a test's to add. */
export class LeaseStore implements Transport {
  lease: { metadata: Record<string, unknown>; spec: Record<string, unknown> } | undefined;
  readonly asked: string[] = [];
  /** Answers before or after the store does its work: return undefined to let it be. */
  fault: (request: TransportRequest) => "refuse" | "applyAndReset" | "hang" | undefined = () => undefined;
  /** What an answer waits for after the work is done. */
  delay: () => Promise<void> = () => Promise.resolve();
  #version = 100;

  async request(request: TransportRequest): Promise<Answer> {
    this.asked.push(request.method);
    await Promise.resolve();
    const fault = this.fault(request);
    if (fault === "refuse") return status(500, "InternalError");
    if (fault === "hang")
      return await new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason)),
      );
    const answer = this.#work(request);
    await this.delay();
    if (fault === "applyAndReset") throw new Error("reset");
    return answer;
  }

  stream(): Promise<never> {
    return Promise.reject(new Error("nothing to watch here"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #work(request: TransportRequest): Answer {
    if (request.method === "GET") return this.lease === undefined ? status(404, "NotFound") : ok(this.lease);
    const body = JSON.parse(request.body ?? "{}") as NonNullable<typeof this.lease>;
    if (request.method === "POST" && this.lease !== undefined) return status(409, "AlreadyExists");
    if (request.method === "PUT") {
      if (this.lease === undefined) return status(404, "NotFound");
      if (body.metadata["resourceVersion"] !== this.lease.metadata["resourceVersion"]) return status(409, "Conflict");
    }
    this.#version += 1;
    this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(this.#version) } };
    return ok(this.lease);
  }
}

const ok = (body: unknown): Answer => ({ status: 200, headers: {}, body: structuredClone(body) });
const status = (code: number, reason: string): Answer => ({
  status: code,
  headers: {},
  body: { kind: "Status", code, reason },
});
