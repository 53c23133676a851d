import assert from "node:assert/strict";
import { test } from "node:test";
import { regretted } from "../../../src/plan/regret.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { members } from "../../support/an-observation.ts";
import { HOLD, podsInShort } from "../../support/pods-in-short.ts";

const marking = { finalizersHandler: [HOLD], markPodNotReady: true };
const cases: { name: string; replicas: number; pods: string; lifecycle?: GivenCloneSet["lifecycle"]; want: number }[] =
  [
    { name: "nobody names it any more, and without it one is missing", replicas: 5, pods: "4n 1nPD", want: 1 },
    { name: "as many as are missing", replicas: 4, pods: "3n 3nPD", want: 1 },
    { name: "none while there are enough", replicas: 3, pods: "3n 2nPD", want: 0 },
    { name: "none that is named", replicas: 5, pods: "4n 1nPD*", want: 0 },
    { name: "a named pod that still serves counts as leaving", replicas: 5, pods: "3n 1n* 1nPD", want: 1 },
    {
      name: "none that a hook took out of service",
      replicas: 5,
      pods: "4n 1nPD",
      lifecycle: { preDelete: marking },
      want: 0,
    },
    {
      name: "nor when the update hook does so",
      replicas: 5,
      pods: "4n 1nPD",
      lifecycle: { inPlaceUpdate: marking },
      want: 0,
    },
  ];
for (const { name, replicas, pods, lifecycle, want } of cases) {
  test(`taken back on the way out: ${name}`, () => {
    const cloneSet = aCloneSet({ replicas, ...(lifecycle ? { lifecycle } : {}) });
    assert.equal(regretted(members(podsInShort(pods)), cloneSet, replicas).length, want);
  });
}
