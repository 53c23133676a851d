// Rotation on a fake clock: what is served is always believed, whoever looks when.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { OwnCertificates } from "../../../webhook/certificates.ts";
import type { KeyringStore } from "../../../webhook/keyring-secret.ts";
import { issue } from "../../../webhook/make-certificate.ts";
import type { Registration } from "../../../webhook/registration.ts";
import type { Keyring, Lifetimes } from "../../../webhook/rotation.ts";
import { covers, expiryMs, LIFETIMES, splitPem } from "../../../webhook/rotation.ts";
import type { ServingPair } from "../../../webhook/server.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NAMES = ["cloneset-webhook.shop.svc", "127.0.0.1"];

/** The Secret, as a server keeps it: a write must have seen what it replaces. */
class FakeSecret {
  ring: Keyring | undefined;
  version = 0;

  /** As one replica sees it. */
  view(): KeyringStore {
    let seen = -1;
    return {
      read: () => {
        seen = this.ring === undefined ? -1 : this.version;
        return Promise.resolve(this.ring && { ring: this.ring, version: String(this.version) });
      },
      write: (ring) => {
        if (this.ring !== undefined && seen !== this.version) return Promise.resolve(false);
        this.ring = ring;
        seen = ++this.version;
        return Promise.resolve(true);
      },
    };
  }
}

/** The webhook configurations; API servers take in a change some time later. */
class FakeRegistration implements Registration {
  readonly #clock: FakeClock;
  readonly #history: { fromMs: number; bundle: string }[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  ensure(bundle: string): Promise<undefined> {
    if (this.#history.at(-1)?.bundle !== bundle) this.#history.push({ fromMs: this.#clock.nowMs(), bundle });
    return Promise.resolve(undefined);
  }

  /** What an API server believes that is `lateMs` behind. */
  believed(lateMs: number): string {
    const known = this.#history.filter(({ fromMs }) => fromMs <= this.#clock.nowMs() - lateMs);
    return (known.at(-1) ?? this.#history[0])?.bundle ?? "";
  }
}

function isBelieved(pair: ServingPair, bundle: string, nowMs: number): boolean {
  const certificate = new X509Certificate(pair.cert);
  return (
    expiryMs(pair) > nowMs &&
    covers(pair, NAMES) &&
    splitPem(bundle).some(
      (pem) =>
        certificate.verify(new X509Certificate(pem).publicKey) && Date.parse(new X509Certificate(pem).validTo) > nowMs,
    )
  );
}

function setUp(names: readonly string[] = NAMES, lifetimes: Lifetimes = LIFETIMES) {
  const clock = new FakeClock();
  const secret = new FakeSecret();
  const registration = new FakeRegistration(clock);
  const steps: string[] = [];
  const replica = (mine = names) =>
    new OwnCertificates({
      store: secret.view(),
      registration,
      clock,
      names: mine,
      lifetimes,
      onStep: (step) => steps.push(step),
    });
  return { clock, secret, registration, steps, replica };
}

test("a certificate is good for its names, signed by its authority, and for serving only", async () => {
  const nowMs = Date.now();
  const { ca, cert, key } = await issue(NAMES, nowMs, 90 * DAY_MS);
  const [serving, authority] = [new X509Certificate(cert), new X509Certificate(ca)];
  assert.equal(serving.checkHost("cloneset-webhook.shop.svc"), "cloneset-webhook.shop.svc");
  assert.equal(serving.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(serving.checkHost("other.shop.svc"), undefined);
  assert.ok(serving.checkIssued(authority) && serving.verify(authority.publicKey));
  assert.deepEqual([authority.ca, serving.ca], [true, false]);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
  assert.ok(Date.parse(serving.validFrom) <= nowMs - HOUR_MS + 1000, "good for clocks that are behind");
  // The authority's key is nowhere: nothing else will ever be signed with it.
  assert.notEqual(
    serving.publicKey.export({ type: "spki", format: "pem" }),
    authority.publicKey.export({ type: "spki", format: "pem" }),
  );
});

test("replicas that start at once agree on one authority", async () => {
  const { secret, replica, steps } = setUp();
  const replicas = Array.from({ length: 5 }, () => replica());
  const synced = await Promise.all(replicas.map((one) => one.sync()));
  assert.equal(new Set(synced.map(({ pair }) => pair.cert)).size, 1);
  assert.equal(secret.ring?.bundle.length, 1);
  assert.deepEqual(steps, ["create"]);
});

test("through a year with two replicas, what is served is always believed, even by a server that is minutes behind", async () => {
  const { clock, registration, steps, replica, secret } = setUp();
  const replicas = [replica(), replica()];
  const served = await Promise.all(replicas.map(async (one) => (await one.sync()).pair));
  const endMs = clock.nowMs() + 365 * DAY_MS;
  let [most, lookedMs] = [0, clock.nowMs()];
  while (clock.nowMs() < endMs) {
    // Nothing is due for weeks, so most of the time is passed in large steps.
    await clock.advance(secret.ring?.next ? MINUTE_MS : secret.ring?.bundle.length === 2 ? HOUR_MS / 2 : 8 * HOUR_MS);
    const [quick, lazy] = replicas;
    assert.ok(quick && lazy);
    served[0] = (await quick.sync()).pair;
    if (clock.nowMs() - lookedMs >= 2 * HOUR_MS) {
      served[1] = (await lazy.sync()).pair;
      lookedMs = clock.nowMs();
    }
    most = Math.max(most, secret.ring?.bundle.length ?? 0);
    for (const pair of served) {
      for (const lateMs of [0, 5 * MINUTE_MS])
        assert.ok(isBelieved(pair, registration.believed(lateMs), clock.nowMs()), steps.join());
    }
  }
  assert.ok(steps.filter((step) => step === "promote").length >= 5, steps.join());
  assert.equal(most, 2, "two authorities at the most");
});

test("one step at a time: stage, promote, retire", async () => {
  const { clock, replica, steps, secret } = setUp();
  const one = replica();
  const { pair } = await one.sync();
  await clock.advance(59 * DAY_MS);
  await one.sync();
  assert.deepEqual(steps, ["create"]);
  await clock.advance(2 * DAY_MS);
  assert.equal((await one.sync()).pair.cert, pair.cert, "the new one waits until its authority is known");
  assert.deepEqual([steps.at(-1), secret.ring?.bundle.length], ["stage", 2]);
  await clock.advance(LIFETIMES.settleMs);
  assert.notEqual((await one.sync()).pair.cert, pair.cert);
  assert.deepEqual([steps.at(-1), secret.ring?.bundle.length], ["promote", 2]);
  await clock.advance(LIFETIMES.overlapMs);
  await one.sync();
  assert.deepEqual([steps.at(-1), secret.ring?.bundle.length], ["retire", 1]);
});

test("after a long sleep an expired certificate is replaced at once", async () => {
  const { clock, replica, registration } = setUp();
  const one = replica();
  await one.sync();
  await clock.advance(200 * DAY_MS);
  const { pair } = await one.sync();
  assert.ok(isBelieved(pair, registration.believed(0), clock.nowMs()));
});

test("a certificate that lacks a name of ours is replaced at once, and the old authority stays believed", async () => {
  const { replica, secret } = setUp();
  await replica(["cloneset-webhook.shop.svc"]).sync();
  const { pair } = await replica().sync();
  assert.ok(covers(pair, NAMES));
  assert.equal(secret.ring?.bundle.length, 2);
});
