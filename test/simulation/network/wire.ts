import type { Answer, StreamAnswer, Transport, TransportRequest } from "../../../src/kube/transport.ts";
import { NotSentError } from "../../../src/kube/transport.ts";
import { isMap } from "../../../src/sandbox/objects.ts";
import type { Network, Process, Sending } from "../network.ts";
import { whereOf } from "../where.ts";
import { Stream } from "./stream.ts";
import { verdictOn } from "./verdict.ts";

/** Longer than any request is on its way unless a fault holds it back. */
const ORPHAN_MS = 100;

/** The connections of one process. */
export class Wire implements Transport {
  readonly #network: Network;
  readonly #process: Process;

  constructor(network: Network, process: Process) {
    this.#network = network;
    this.#process = process;
  }

  request(request: TransportRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(request.signal.reason);
      if (request.signal.aborted) {
        abort();
        return;
      }
      request.signal.addEventListener("abort", abort, { once: true });
      const over = (act: () => void) => {
        request.signal.removeEventListener("abort", abort);
        act();
      };
      this.#send(
        request,
        (answer) => over(() => resolve(answer)),
        (error) => over(() => reject(error)),
      );
    });
  }

  #send(request: TransportRequest, answered: (answer: Answer) => void, failed: (error: Error) => void): void {
    const network = this.#network;
    const { clock } = network.options;
    const { name, clock: own, told } = this.#process;
    network.count();
    const where = whereOf(request.path);
    const isLease = where.plural === "leases";
    const isWrite = request.method !== "GET" && where.plural !== "events" && !isLease;
    const later = (ms: number, act: () => void) => clock.setTimeout(() => own.deliver(act), ms);
    if (network.isDown || network.isBlind(name) || (isLease && network.isLeaseCut(name))) {
      later(network.latencyMs(), () => failed(new NotSentError(new Error("connection refused"))));
      return;
    }
    const sending: Sending = {
      process: name,
      index: isWrite ? network.writes++ : -1,
      sentMs: network.now,
      method: request.method,
      what: where.subresource ? `${where.plural}/${where.subresource}` : where.plural,
      path: request.path,
    };
    const verdict = isWrite ? verdictOn(network, sending) : {};
    if (verdict.crash === "before") {
      network.options.onCrash(name, verdict.downMs ?? 0);
      return;
    }
    const upMs = network.latencyMs() + (verdict.upMs ?? 0);
    clock.setTimeout(() => {
      if (network.isDown) {
        later(network.latencyMs(), () => failed(new Error("connection reset")));
        return;
      }
      let answer: Answer;
      if (verdict.refuse) answer = verdict.refuse.answer();
      else {
        if (verdict.meddle) network.options.meddle(request.path);
        sending.isOrphan = own.isDead && network.now - sending.sentMs > ORPHAN_MS;
        if (isWrite) network.options.onArrival(sending);
        answer = network.options.refuse(request.method, request.path)?.answer() ?? this.#ask(request, where.plural);
      }
      if (isWrite) network.options.onAnswer(sending, answer, verdict.note ?? "");
      if (verdict.crash === "after") network.options.onCrash(name, verdict.downMs ?? 0);
      const slowMs = request.method === "GET" && where.name === "" ? network.listDelayMs() : 0;
      later(network.latencyMs() + (verdict.downMs ?? 0) * Number(verdict.crash === undefined) + slowMs, () => {
        if (verdict.reset) failed(new Error("socket hang up"));
        else if (verdict.instead) answered(verdict.instead.answer());
        else {
          this.#tell(answer, told);
          answered(answer);
        }
      });
    }, upMs);
  }

  #ask(request: TransportRequest, plural: string): Answer {
    const { server } = this.#network.options;
    return server.request({
      method: request.method,
      path: request.path,
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: JSON.parse(request.body) as unknown }),
      user: this.#process.name,
      behindAt: this.#network.viewOf(plural)?.version,
    });
  }

  #tell(answer: Answer, told: Process["told"]): void {
    if (answer.status >= 300 || !isMap(answer.body)) return;
    const items = answer.body["items"];
    if (Array.isArray(items)) for (const item of items) told(item, false);
    else if (answer.body["kind"] !== "Status") told(answer.body, false);
  }

  stream(request: TransportRequest): Promise<StreamAnswer> {
    const network = this.#network;
    const { clock } = network.options;
    const { clock: own } = this.#process;
    network.count();
    return new Promise((resolve, reject) => {
      const abort = () => reject(request.signal.reason);
      if (request.signal.aborted) {
        abort();
        return;
      }
      request.signal.addEventListener("abort", abort, { once: true });
      clock.setTimeout(() => {
        if (own.isDead || request.signal.aborted) return;
        if (network.isDown || network.isBlind(this.#process.name)) {
          own.deliver(() => reject(new NotSentError(new Error("connection refused"))));
          return;
        }
        const stream = new Stream(network, this.#process, request);
        own.deliver(() => {
          request.signal.removeEventListener("abort", abort);
          if (request.signal.aborted) stream.finish();
          resolve(stream.answer);
        });
      }, network.latencyMs());
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
