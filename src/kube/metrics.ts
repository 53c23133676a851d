import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { RequestObserver } from "./caller.ts";
import type { LeaderElector } from "./leader.ts";
import type { QueueObserver, WorkQueue } from "./queue.ts";
import type { Reflector, ReflectorObserver } from "./reflector.ts";

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** All metrics of one process, in a registry of its own. */
export class Metrics {
  readonly registry = new Registry();
  /** For a KubeClient. */
  readonly requests: RequestObserver;
  readonly #loopDelay: ReturnType<typeof monitorEventLoopDelay>;
  readonly #registers = [this.registry];
  readonly #queues = new Map<string, WorkQueue>();
  readonly #reflectors = new Map<string, Reflector>();
  #elector: LeaderElector | undefined;

  readonly #queueAdds = this.#counter("workqueue_adds_total", "Keys added to the queue.", ["name"]);
  readonly #queueRetries = this.#counter("workqueue_retries_total", "Keys added again after a failed pass.", ["name"]);
  readonly #queueWait = this.#histogram("workqueue_queue_duration_seconds", "Time from ready to the pass.", ["name"]);
  readonly #queueWork = this.#histogram("workqueue_work_duration_seconds", "Time of one pass.", ["name"]);
  readonly #passes = this.#counter("reconcile_total", "Passes by how they ended.", ["name", "result"]);
  readonly #listSeconds = this.#histogram("reflector_list_duration_seconds", "Time of one complete list.", [
    "resource",
  ]);
  readonly #listItems = this.#gauge("reflector_list_items", "Objects in the last list.", ["resource"]);
  readonly #relists = this.#counter("reflector_relists_total", "Lists after the first, by reason.", [
    "resource",
    "reason",
  ]);
  readonly #watchEnds = this.#counter("reflector_watch_ends_total", "Ends of watches, by reason.", [
    "resource",
    "reason",
  ]);
  readonly #repairs = this.#counter("reflector_repairs_total", "Objects that the watch had lost.", ["resource"]);
  readonly #reflectorErrors = this.#counter("reflector_errors_total", "Failed lists and watches.", ["resource"]);
  readonly #eventsDropped = this.#counter("events_dropped_total", "Events that were not written.", ["reason"]);

  constructor() {
    this.requests = this.#requestObserver();
    this.#loopDelay = monitorEventLoopDelay({ resolution: 20 });
    this.#loopDelay.enable();
    this.#scrapedGauges();
  }

  /** For the WorkQueue of this name. */
  queue(name: string): QueueObserver {
    const adds = this.#queueAdds.labels(name);
    const retries = this.#queueRetries.labels(name);
    const waited = this.#queueWait.labels(name);
    const worked = this.#queueWork.labels(name);
    const good = this.#passes.labels(name, "success");
    const bad = this.#passes.labels(name, "error");
    return {
      added: () => adds.inc(),
      retried: () => retries.inc(),
      worked: ({ seconds, waitedSeconds, error }) => {
        waited.observe(waitedSeconds);
        worked.observe(seconds);
        (error === undefined ? good : bad).inc();
      },
    };
  }

  /** For the Reflector of this resource. */
  reflector(resource: string): ReflectorObserver {
    return {
      listed: ({ seconds, items }) => {
        this.#listSeconds.labels(resource).observe(seconds);
        this.#listItems.labels(resource).set(items);
      },
      relisted: (reason) => this.#relists.labels(resource, reason).inc(),
      watchEnded: (reason) => this.#watchEnds.labels(resource, reason).inc(),
      repaired: (objects) => this.#repairs.labels(resource).inc(objects),
      failed: () => this.#reflectorErrors.labels(resource).inc(),
    };
  }

  /** For an EventRecorder. */
  eventDropped(reason: string): void {
    this.#eventsDropped.labels(reason).inc();
  }

  /** Depth and age are read when scraped. */
  watchQueue(name: string, queue: WorkQueue): void {
    this.#queues.set(name, queue);
  }

  /** The age of the watch is read when scraped. */
  watchReflector(resource: string, reflector: Reflector): void {
    this.#reflectors.set(resource, reflector);
  }

  /** Whether this process leads is read when scraped. */
  watchLeader(elector: LeaderElector): void {
    this.#elector = elector;
  }

  /** Ends the sampling of the event loop. */
  close(): void {
    this.#loopDelay.disable();
  }

  #requestObserver(): RequestObserver {
    const labels = ["verb", "resource", "subresource"];
    const total = this.#counter("kube_client_requests_total", "Requests to the API server, every attempt.", [
      ...labels,
      "code",
    ]);
    const seconds = this.#histogram("kube_client_request_duration_seconds", "Time to the answer.", labels);
    const inFlight = this.#gauge("kube_client_requests_in_flight", "Requests without an answer yet.", []);
    return {
      started: () => inFlight.inc(),
      finished: (report) => {
        inFlight.dec();
        const { verb, resource, subresource, code } = report;
        total.labels(verb, resource, subresource, code).inc();
        // A watch "answers" when it opens: that is not the latency of a request.
        if (verb !== "watch") seconds.labels(verb, resource, subresource).observe(report.seconds);
      },
    };
  }

  #scrapedGauges(): void {
    this.#scraped("workqueue_depth", "Keys ready and waiting.", ["name"], (gauge) => {
      for (const [name, queue] of this.#queues) gauge.labels(name).set(queue.depth);
    });
    this.#scraped("workqueue_oldest_age_seconds", "Waiting time of the oldest ready key.", ["name"], (gauge) => {
      for (const [name, queue] of this.#queues) gauge.labels(name).set(queue.oldestAgeSeconds());
    });
    this.#scraped("workqueue_working", "Passes under way.", ["name"], (gauge) => {
      for (const [name, queue] of this.#queues) gauge.labels(name).set(queue.working);
    });
    this.#scraped("reflector_watch_age_seconds", "Time since the last sign of life.", ["resource"], (gauge) => {
      for (const [name, reflector] of this.#reflectors) gauge.labels(name).set(reflector.watchAgeSeconds());
    });
    this.#scraped("leader", "1 while this process leads.", [], (gauge) => {
      gauge.set(this.#elector?.isLeader() ? 1 : 0);
    });
    this.#scraped("event_loop_delay_seconds", "Since the last scrape.", ["quantile"], (gauge) => {
      gauge.labels("0.5").set(this.#loopDelay.percentile(50) / 1e9);
      gauge.labels("0.99").set(this.#loopDelay.percentile(99) / 1e9);
      gauge.labels("1").set(this.#loopDelay.max / 1e9);
      this.#loopDelay.reset();
    });
    this.#scraped("process_resident_memory_bytes", "Resident memory.", [], (gauge) => {
      gauge.set(process.memoryUsage.rss());
    });
    this.#scraped("process_cpu_seconds_total", "CPU time used.", [], (gauge) => {
      const { user, system } = process.cpuUsage();
      gauge.set((user + system) / 1e6);
    });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }

  #scraped(name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void): Gauge {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect: () => read(gauge),
    });
    return gauge;
  }

  #histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: this.#registers });
  }
}
