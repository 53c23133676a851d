import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Mutation } from "./museum.ts";
import type { Scenario } from "./scenario.ts";
import type { Run } from "./world.ts";

/** A scenario takes some 20 ms. One that takes this long, on a busy machine too, will not end. */
const ENDLESS_MS = 180_000;

interface Job {
  scenario: Scenario;
  resolve: (run: Run) => void;
  reject: (error: Error) => void;
}

interface Hand {
  worker: Worker;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Threads that play scenarios: one for each processor, or as many as asked for, all with the same mutation or none. */
export class Crew {
  readonly size: number;
  readonly #mutation: Mutation | undefined;
  readonly #hands: Hand[] = [];
  readonly #waiting: Job[] = [];

  constructor({ workers = availableParallelism(), mutation }: { workers?: number; mutation?: Mutation } = {}) {
    this.size = workers;
    this.#mutation = mutation;
  }

  /** Plays a scenario as soon as a thread is free. A scenario that does not end is a violation, too. */
  play(scenario: Scenario): Promise<Run> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ scenario, resolve, reject });
      const idle = this.#hands.find(({ job }) => job === undefined) ?? this.#hire();
      if (idle) this.#begin(idle);
    });
  }

  /** Ends the threads, whatever they are doing. */
  async dismiss(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#hands.splice(0).map((hand) => this.#discharge(hand)));
  }

  #hire(): Hand | undefined {
    if (this.#hands.length >= this.size) return undefined;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.#mutation });
    const hand: Hand = { worker, job: undefined, timer: undefined };
    this.#hands.push(hand);
    worker.on("message", (run: Run) => this.#ended(hand)?.resolve(run));
    worker.on("error", (error: Error) => this.#ended(hand)?.reject(error));
    return hand;
  }

  #begin(hand: Hand): void {
    const job = this.#waiting.shift();
    if (job === undefined) return;
    hand.job = job;
    hand.timer = setTimeout(() => this.#giveUp(hand), ENDLESS_MS);
    hand.worker.postMessage(job.scenario);
  }

  #ended(hand: Hand): Job | undefined {
    const { job } = hand;
    clearTimeout(hand.timer);
    hand.job = undefined;
    this.#begin(hand);
    return job;
  }

  #giveUp(hand: Hand): void {
    const { job } = hand;
    this.#hands.splice(this.#hands.indexOf(hand), 1);
    void this.#discharge(hand);
    job?.resolve({
      violation: { invariant: "I8", what: `the scenario does not end within ${ENDLESS_MS / 1000} s` },
      story: [],
      figures: { simulatedMs: 0, requests: 0, writes: 0, podsCreated: 0, faults: {} },
    });
    const next = this.#waiting.length > 0 ? this.#hire() : undefined;
    if (next) this.#begin(next);
  }

  async #discharge({ worker, timer }: Hand): Promise<void> {
    clearTimeout(timer);
    worker.removeAllListeners();
    await worker.terminate();
  }
}
