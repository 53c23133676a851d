// Random and mutated bodies: never a crash, never a 500, never more than a second. FUZZ_BODIES raises the number.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PodLookup } from "../../../webhook/lookup.ts";
import { answerBody } from "../../../webhook/server.ts";
import { handlers, review } from "./reviews.ts";
import { ruleCases } from "./rule-cases.ts";

const BODIES = Number(process.env["FUZZ_BODIES"] ?? 20_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
/** Of the processor's time, which other processes do not take from: a pattern that is not linear needs minutes. */
const SLOWEST_MS = 3000;
const PATHS = ["/mutate", "/validate", "/validate", "/validate", "/protect"];
const somePods: PodLookup = {
  pod: (_, name) => Promise.resolve(name.length % 2 === 0 ? null : { owner: "", terminating: false, gated: false }),
  podsOf: () => Promise.resolve([{ owner: "", terminating: false, gated: false }]),
};

const seeds = Object.values(ruleCases).flatMap(({ good, bad }) => [good, bad]);
const hostile: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -0,
  2 ** 53,
  "",
  " ",
  "\u0000",
  "é".repeat(70),
  "a".repeat(300),
  "%",
  "0%",
  "1e999%",
  "٣",
  "-5",
  "9".repeat(40),
  "9".repeat(5000),
  "1e1000",
  "1E-9",
  [],
  {},
  [null],
  [[]],
  [{}],
  { "": {} },
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
  { toString: 1, valueOf: null, hasOwnProperty: 1 },
  Array.from({ length: 500 }, () => ({ name: "x" })),
  "InPlaceOnly",
  "InPlaceIfPossible",
  "constructor",
  "__proto__",
  nested(60),
  "(".repeat(2000),
  "a.".repeat(2000),
  "-".repeat(3000),
];
const keys = ["__proto__", "constructor", "prototype", "", "name", "a/b/c", "metadata", "x".repeat(400), "0", "length"];

test(`${BODIES} bodies are all answered properly`, async () => {
  const errors: string[] = [];
  const serve = handlers({ onError: (line) => errors.push(line), pods: somePods });
  const random = generator(SEED);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const values = fc.sample(fc.jsonValue({ maxDepth: 6 }), { seed: SEED, numRuns: Math.min(5000, BODIES) });
  const before = Object.getOwnPropertyNames(Object.prototype).join();
  let slowestMs = 0;
  const counts = new Map<string, number>();
  for (let i = 0; i < BODIES; i++) {
    const body = makeBody(i);
    const path = pick(PATHS);
    const handler = serve[path];
    assert.ok(handler);
    const beganMs = processorMs();
    const reply = await answerBody(body, handler);
    const tookMs = processorMs() - beganMs;
    slowestMs = Math.max(slowestMs, tookMs);
    const outcome = `${path} ${reply.status} ${/"allowed":\w+/.exec(reply.body)?.[0] ?? ""}`;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    assert.deepEqual(errors, []);
    const shown = () => body.toString("utf8").slice(0, 2000);
    assert.ok(tookMs < SLOWEST_MS, `${tookMs} ms for ${shown()}`);
    assert.ok(reply.status === 200 || reply.status === 400, `${reply.status} for ${shown()}`);
    if (reply.status === 200) {
      const { response } = JSON.parse(reply.body) as { response: { uid: unknown; allowed: unknown } };
      assert.equal(typeof response.uid, "string");
      assert.equal(typeof response.allowed, "boolean");
    }
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  // The mix must reach the rules, or the test shows nothing.
  for (const outcome of [
    '/validate 200 "allowed":true',
    '/validate 200 "allowed":false',
    '/mutate 200 "allowed":true',
    "/validate 400 ",
  ]) {
    assert.ok((counts.get(outcome) ?? 0) > BODIES / 100, `${outcome}: ${JSON.stringify([...counts])}`);
  }
  process.stdout.write(`# slowest ${slowestMs.toFixed(1)} ms; ${JSON.stringify(Object.fromEntries(counts))}\n`);

  function makeBody(i: number): Buffer {
    switch (i % 8) {
      case 0:
        return Buffer.from(JSON.stringify(values[i % values.length]));
      case 1:
        return Buffer.from(
          JSON.stringify(
            review({ object: values[i % values.length], operation: pick(["CREATE", "UPDATE", "DELETE", ""]) }),
          ),
        );
      case 2: {
        const text = JSON.stringify(aReview());
        const at = Math.floor(random() * text.length);
        return Buffer.from(
          pick([
            text.slice(0, at),
            text.slice(0, at) + pick(['"', "}", "[", "\\", "\u0000", "1"]) + text.slice(at),
            text.slice(at),
          ]),
        );
      }
      default:
        return Buffer.from(JSON.stringify(mutated(aReview(), 1 + Math.floor(random() * 4))));
    }
  }

  function aReview(): unknown {
    const operation = pick(["CREATE", "UPDATE", "UPDATE", "DELETE"]);
    const object = operation === "DELETE" ? null : structuredClone(pick(seeds));
    return review({ operation, object, oldObject: operation === "CREATE" ? null : structuredClone(pick(seeds)) });
  }

  /** Replaces, removes, renames or repeats something, a few times over. */
  function mutated(root: unknown, times: number): unknown {
    for (let i = 0; i < times; i++) {
      const places: { holder: Record<string, unknown>; key: string }[] = [];
      collect((root as { request?: unknown }).request, places);
      const place = pick(places.length > 0 ? places : [{ holder: root as Record<string, unknown>, key: "request" }]);
      const value = place.holder[place.key];
      const way = random();
      if (way < 0.6) place.holder[place.key] = structuredClone(pick(hostile));
      else if (way < 0.75) Reflect.deleteProperty(place.holder, place.key);
      else if (way < 0.9 && !Array.isArray(place.holder))
        Object.defineProperty(place.holder, pick(keys), {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      else if (Array.isArray(value)) value.push(...structuredClone(value.slice(0, 50)));
    }
    return root;
  }
});

test("patterns are linear: long strings in every text field of a template take no time", async () => {
  const handler = handlers()["/validate"];
  assert.ok(handler);
  for (const unit of ["a", "-", ".", "a-", "a.", "0", "/", " ", "%", "A_", "['", "\\"]) {
    const text = unit.repeat(100_000 / unit.length);
    const texts = Object.values(ruleCases).map(({ bad }) =>
      JSON.stringify(bad).replaceAll(/:"[^"]{1,60}"/g, `:${JSON.stringify(text)}`),
    );
    // The longest is enough of a body; all of them together would only test JSON.parse.
    for (const object of texts.filter((_, i) => i % 12 === 0)) {
      const beganMs = processorMs();
      const reply = await answerBody(Buffer.from(JSON.stringify(review({ object: JSON.parse(object) }))), handler);
      assert.ok(processorMs() - beganMs < SLOWEST_MS);
      assert.equal(reply.status, 200);
    }
  }
});

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function collect(value: unknown, places: { holder: Record<string, unknown>; key: string }[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const holder = value as Record<string, unknown>;
    places.push({ holder, key });
    collect(holder[key], places);
  }
}

function nested(depth: number): unknown {
  let value: unknown = "x";
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A small generator of numbers in [0, 1): the same seed, the same bodies. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
