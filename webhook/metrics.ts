import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** How one admission request ended. */
export interface AdmissionReport {
  path: string;
  operation: string;
  result: "allowed" | "denied" | "warned" | "patched";
  seconds: number;
}

/** Metrics of the webhook, in the registry of the process. */
export class WebhookMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #replies: Counter;
  readonly #denials: Counter;
  readonly #inFlight: Gauge;
  readonly #expiry: Gauge;
  readonly #tlsErrors: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "webhook_admission_requests_total",
      help: "Admission requests by path, operation and result.",
      labelNames: ["path", "operation", "result"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "webhook_admission_duration_seconds",
      help: "Time from the whole body to the answer.",
      labelNames: ["path"],
      buckets: SECONDS,
      registers,
    });
    this.#replies = new Counter({
      name: "webhook_http_replies_total",
      help: "HTTP replies by status code.",
      labelNames: ["code"],
      registers,
    });
    this.#denials = new Counter({
      name: "webhook_denials_total",
      help: "What admission requests were denied for, by rule.",
      labelNames: ["rule"],
      registers,
    });
    this.#inFlight = new Gauge({
      name: "webhook_requests_in_flight",
      help: "Requests being read or answered.",
      registers,
    });
    this.#expiry = new Gauge({
      name: "webhook_certificate_expiry_timestamp_seconds",
      help: "When the serving certificate in use expires.",
      registers,
    });
    this.#tlsErrors = new Counter({
      name: "webhook_tls_errors_total",
      help: "Connections that ended before they were encrypted.",
      registers,
    });
  }

  admitted({ path, operation, result, seconds }: AdmissionReport): void {
    this.#requests.labels(path, operation, result).inc();
    this.#seconds.labels(path).observe(seconds);
  }

  denied(rules: Iterable<string>): void {
    for (const rule of new Set(rules)) this.#denials.labels(rule).inc();
  }

  replied(code: number): void {
    this.#replies.labels(String(code)).inc();
  }

  inFlight(count: number): void {
    this.#inFlight.set(count);
  }

  expires(atMs: number): void {
    this.#expiry.set(atMs / 1000);
  }

  tlsFailed(): void {
    this.#tlsErrors.inc();
  }
}
