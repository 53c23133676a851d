import assert from "node:assert/strict";
import { test } from "node:test";
import type { Revision } from "../../../src/api/pod.ts";
import { causeOf } from "../../../src/cli/change-cause.ts";
import type { Seen } from "../../../src/cli/seen.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import { seenWeb } from "./seen-web.ts";

const CAUSE = "kubernetes.io/change-cause";
const trimmer = new Trimmer();

function revision(number: number, minute: number, cause?: string): Revision {
  const creationTimestamp = `2026-03-01T10:0${minute}:00Z`;
  const annotations = cause === undefined ? {} : { [CAUSE]: cause };
  return trimmer.revision({ metadata: { name: `web-${minute}`, creationTimestamp, annotations }, revision: number });
}

/** `latest`: the cause at the CloneSet. The revision of the first minute is what pods are to become. */
function seen(revisions: Revision[], latest?: string): Seen {
  const web = seenWeb({ pods: [], status: { updateRevision: "web-1" } });
  const annotations = latest === undefined ? {} : { [CAUSE]: latest };
  return { ...web, revisions, object: { ...web.object, metadata: { ...web.object.metadata, annotations } } };
}

const first = (cause?: string) => revision(3, 1, cause);
const second = revision(2, 2, "to v2");

const cases: { name: string; of: Revision; among: Revision[]; latest?: string; want: string }[] = [
  { name: "that of the revision", of: second, among: [revision(1, 1), second], latest: "else", want: "to v2" },
  {
    name: "of one that came back: what the CloneSet says",
    of: first("v1"),
    among: [first("v1"), second],
    latest: "back",
    want: "back",
  },
  {
    name: "what the CloneSet says of another revision does not count",
    of: first("v1"),
    among: [first("v1"), second],
    latest: "to v2",
    want: "came back; at first: v1",
  },
  {
    name: "of one that was made last, and came back all the same",
    of: revision(4, 1, "v2"),
    among: [revision(3, 0, "v1"), revision(4, 1, "v2")],
    latest: "back",
    want: "back",
  },
  { name: "nobody ever said", of: first(), among: [first(), second], want: "came back" },
  {
    name: "what the CloneSet says is of the update revision alone",
    of: revision(4, 0, "v0"),
    among: [first(), second, revision(4, 0, "v0")],
    latest: "back",
    want: "came back; at first: v0",
  },
];
for (const { name, of, among, latest, want } of cases) {
  test(`change cause: ${name}`, () => assert.equal(causeOf(of, seen(among, latest)), want));
}

test("change cause: an edit that the controller has not seen is of a revision to come", () => {
  const of = revision(3, 1, "v1");
  const { object, ...rest } = seen([of], "v2");
  const edited = { ...object, metadata: { ...object.metadata, generation: 4 } };
  assert.equal(causeOf(of, { ...rest, object: edited }), "v1");
});
