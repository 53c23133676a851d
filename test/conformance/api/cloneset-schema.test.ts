// What the schema of CloneSets says to objects that break it, word for word: the answers in test/golden/cloneset-answers.json
// are the real server's. UPDATE_GOLDEN=1 with a cluster writes them anew.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { load } from "js-yaml";
import type { Answer } from "../../../src/kube/transport.ts";
import { MERGE, onEachTarget } from "../target.ts";

const GOLDEN = new URL("../../golden/cloneset-answers.json", import.meta.url);
const INVALID = new URL("../../manifests/invalid/", import.meta.url);
const VALID = new URL("../../manifests/valid/", import.meta.url);

interface Said {
  status: number;
  reason?: string;
  message?: string;
  causes?: string[];
  warning?: string;
}

const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as Record<string, Said>;

/** Creations that are refused or warned of, besides those in test/manifests/invalid. */
const creations: Record<string, { spec?: object; metadata?: object; pod?: object; template?: object; query?: string }> =
  {
    "a truth value for a pod count": { spec: { updateStrategy: { partition: true } } },
    "a fraction for a pod count": { spec: { updateStrategy: { partition: 1.5 } } },
    "a fraction of a replica": { spec: { replicas: 1.5 } },
    "text for a list": { pod: { containers: "x" } },
    "null in a list": { pod: { containers: [null] } },
    "a number for a label": { template: { labels: { app: 5 } } },
    "no time": { template: { creationTimestamp: "now" } },
    "too long a name": { spec: { scaleStrategy: { podsToDelete: ["a".repeat(254)] } } },
    "a number for a name": { spec: { scaleStrategy: { podsToDelete: [1] } } },
    "no containers at all": { pod: { containers: [] } },
    "unknown fields, strict": {
      spec: { foo: 1 },
      metadata: { bar: 2 },
      pod: { baz: 3 },
      query: "fieldValidation=Strict",
    },
    "unknown fields, warned of": {
      spec: { foo: 1 },
      metadata: { bar: 2 },
      pod: { baz: 3 },
      query: "fieldValidation=Warn",
    },
    "unknown fields, ignored": {
      spec: { foo: 1 },
      metadata: { bar: 2 },
      pod: { baz: 3 },
      query: "fieldValidation=Ignore",
    },
    "nulls where defaults are": { spec: { replicas: null, updateStrategy: null } },
    "a number for a quantity": { pod: { containers: [{ name: "a", resources: { requests: { cpu: 1 } } }] } },
    "text for a port": { pod: { containers: [{ name: "a", ports: [{ containerPort: "http" }] }] } },
    "three numbers below zero": { spec: { replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1 } },
    "four wrong types": { spec: { replicas: "a", minReadySeconds: "b", selector: 5, template: [] } },
    "a deadline that minReadySeconds reaches": { spec: { minReadySeconds: 600, progressDeadlineSeconds: 600 } },
    "no deadline": { spec: { minReadySeconds: 600, progressDeadlineSeconds: 2147483647 } },
    "no budget, but nothing to update": { spec: { replicas: 0, updateStrategy: { maxUnavailable: 0 } } },
    "no budget but a surge": { spec: { updateStrategy: { maxUnavailable: 0, maxSurge: "10%" } } },
    "0.0% is zero": { spec: { updateStrategy: { maxUnavailable: "0.0%" } } },
    "a blank name": { spec: { scaleStrategy: { podsToDelete: ["  "] } } },
    "surge of 0% with InPlaceOnly": { spec: { updateStrategy: { type: "InPlaceOnly", maxSurge: "0%" } } },
  };

/** Patches of what is stored. */
const patches: Record<string, { path?: string; body: object }> = {
  "status: text for a number": { path: "/status", body: { status: { replicas: "x" } } },
  "status: an unknown field": { path: "/status", body: { status: { foo: 1 } } },
  "status: a condition twice": {
    path: "/status",
    body: {
      status: {
        conditions: [
          { type: "A", status: "True" },
          { type: "A", status: "False" },
        ],
      },
    },
  },
  "status: a condition without status": { path: "/status", body: { status: { conditions: [{ type: "A" }] } } },
  "the selector changes": {
    body: { spec: { selector: { matchLabels: { app: "y" } }, template: { metadata: { labels: { app: "y" } } } } },
  },
  "a scale below zero": { path: "/scale", body: { spec: { replicas: -1 } } },
  "a scale of an old version": { path: "/scale", body: { metadata: { resourceVersion: "1" }, spec: { replicas: 2 } } },
  "an unknown field": { body: { spec: { foo: 1 } } },
  "the spec is removed": { body: { spec: null } },
  "the template is removed": { body: { spec: { template: null } } },
};

onEachTarget("cloneset schema", (target, name) => {
  const heard: Record<string, Said> = {};
  const check = (what: string, answer: Answer) => {
    heard[what] = saidBy(answer);
    if (!(name === "cluster" && process.env["UPDATE_GOLDEN"])) assert.deepEqual(heard[what], golden[what]);
  };
  after(() => {
    if (name === "cluster" && process.env["UPDATE_GOLDEN"])
      writeFileSync(GOLDEN, `${JSON.stringify(heard, null, 2)}\n`);
  });

  for (const file of yamlFiles(INVALID)) {
    test(file, async () => {
      const object = load(readFileSync(new URL(file, INVALID), "utf8"));
      check(file, await target().send("POST", `${target().cloneSets}?dryRun=All`, object));
    });
  }
  for (const [what, { query = "", ...given }] of Object.entries(creations)) {
    test(what, async () => {
      check(what, await target().send("POST", `${target().cloneSets}?dryRun=All&${query}`, cloneSet("x", given)));
    });
  }
  for (const [what, { path = "", body }] of Object.entries(patches)) {
    test(`patch: ${what}`, async () => {
      await target().send("POST", target().cloneSets, cloneSet("stored"));
      const answer = await target().send("PATCH", `${target().cloneSets}/stored${path}?dryRun=All`, body, MERGE);
      check(`patch: ${what}`, answer);
    });
  }
  for (const file of yamlFiles(VALID)) {
    test(`${file}: the stored spec is the same everywhere`, async () => {
      const object = load(readFileSync(new URL(file, VALID), "utf8"));
      const { spec, status } = await target().must("POST", `${target().cloneSets}?dryRun=All`, object);
      const found = { status: 201, message: JSON.stringify(sorted({ spec, status })) };
      heard[file] = found;
      if (!(name === "cluster" && process.env["UPDATE_GOLDEN"])) assert.deepEqual(found, golden[file]);
    });
  }
});

/** Causes come in any order, because the real server looks at the members of maps in any order. */
function saidBy({ status, body, headers }: Answer): Said {
  const { reason, message, details } = body as {
    reason?: string;
    message?: string;
    details?: { causes?: { reason: string; field: string; message: string }[] };
  };
  const causes = details?.causes?.map((cause) => `${cause.reason} ${cause.field}: ${cause.message}`).sort();
  const { warning } = headers;
  if (status < 300) return { status, ...(warning ? { warning } : {}) };
  return {
    status,
    ...(reason ? { reason } : {}),
    ...(causes ? { causes } : { message: message ?? "" }),
    ...(warning ? { warning } : {}),
  };
}

function cloneSet(
  name: string,
  { spec = {}, metadata = {}, pod = {}, template = {} }: (typeof creations)[string] = {},
): object {
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name, ...metadata },
    spec: {
      selector: { matchLabels: { app: "x" } },
      template: {
        metadata: { labels: { app: "x" }, ...template },
        spec: { containers: [{ name: "app", image: "app:v1" }], ...pod },
      },
      ...spec,
    },
  };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

function yamlFiles(directory: URL): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".yaml"))
    .sort();
}
