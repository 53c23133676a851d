import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seen } from "../../../src/cli/seen.ts";
import { verbActions } from "../../../src/cli/tree/actions.ts";
import { LiveView } from "../../../src/cli/tree/live.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Terminal } from "../../support/terminal.ts";
import { openTerminal } from "../../support/terminal.ts";
import type { PodGiven } from "./seen-web.ts";
import { NOW_MS, seenWeb } from "./seen-web.ts";

const PODS: PodGiven[] = [
  { id: "8q5mz", revision: 7, node: "node-a" },
  { id: "k2v9x", revision: 7, node: "node-c", ready: false },
  { id: "lm4tp", revision: 6, node: "node-a" },
];

interface Setting {
  terminal: Terminal;
  view: LiveView;
  /** Command lines that were performed. */
  performed: string[][];
  show: (seen: Seen | undefined) => void;
  running: Promise<void>;
  /** Ends the view as a user would. */
  quit: () => Promise<void>;
}

const DRY_RUN = {
  text: "1 pod changes in place\nweb promoted (server dry run)\nNext: status\nSame as: patch\n",
  exitCode: 0,
};

function open(seen: Seen, { columns = 80, rows = 24, dryRun = DRY_RUN } = {}): Setting {
  const terminal = openTerminal({ columns, rows, nowMs: () => NOW_MS });
  const performed: string[][] = [];
  const perform = (args: string[]) => {
    if (args.at(-1) === "--dry-run") return Promise.resolve(dryRun);
    performed.push(args);
    return Promise.resolve({ text: `${args[0]} done\n`, exitCode: 0 });
  };
  let now: Seen | undefined = seen;
  const view = new LiveView({
    io: terminal.io,
    watching: { seen: () => now, trouble: () => undefined, stop: () => Promise.resolve() },
    looks: { columns, color: false, ascii: false },
    all: false,
    flag: " -n shop-prod",
    actions: verbActions(perform, " -n shop-prod"),
  });
  const running = view.run();
  return {
    terminal,
    view,
    performed,
    running,
    show: (next) => {
      now = next;
      view.draw();
    },
    quit: async () => {
      await terminal.type("q");
      await running;
    },
  };
}

test("live: the tree fills the terminal, and the terminal is given back", async (t) => {
  const { terminal, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  assert.equal(await terminal.isTaken(), true);
  assertGolden(t, "cli/live.txt", `${(await terminal.lines()).join("\n")}\n`);
  await quit();
  assert.equal(await terminal.isTaken(), false);
});

test("live: only what changed is written", async () => {
  const { terminal, view, show, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  terminal.written();
  view.draw();
  assert.equal(terminal.written(), "", "nothing changed");
  const later = PODS.map((pod) => (pod.id === "lm4tp" ? { ...pod, node: "node-z" } : pod));
  show(seenWeb({ pods: later, spec: { replicas: 3 } }));
  const update = terminal.written();
  assert.match(update, /node-z/);
  assert.doesNotMatch(update, /8q5mz|READY/);
  assert.match((await terminal.lines()).join("\n"), /lm4tp.*node-z/);
  await quit();
});

test("live: a key that changes something says what it would come to, shows the command and asks first", async () => {
  const { terminal, performed, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  await terminal.type("p");
  assert.deepEqual((await terminal.lines()).slice(-3), [
    "1 pod changes in place",
    "web promoted (server dry run)",
    "kubectl cloneset promote web --full -n shop-prod   run this? y/N, q quits",
  ]);
  await terminal.type("n");
  assert.deepEqual(performed, [], "no was said");
  assert.doesNotMatch((await terminal.lines()).join("\n"), /in place\n.*dry run/, "and what was not done is not shown");
  await terminal.type("p");
  await terminal.type("y");
  assert.deepEqual(performed, [["promote", "web", "--full"]]);
  await quit();
});

test("live: what would fail is not asked about", async () => {
  const dryRun = { text: "error: no older revision\nNext: history\n", exitCode: 1 };
  const { terminal, performed, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }), { dryRun });
  await terminal.type("u");
  const text = (await terminal.lines()).join("\n");
  assert.match(text, /error: no older revision\nNext: history\n/);
  assert.doesNotMatch(text, /run this/);
  await terminal.type("y");
  assert.deepEqual(performed, [["why", "web"]], "y is why again");
  await quit();
});

test("live: q quits, also where something is asked", async () => {
  const { terminal, performed, running } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  await terminal.type("z");
  assert.match((await terminal.lines()).at(-1) ?? "", /pause web.*run this/);
  await terminal.type("q");
  await running;
  assert.deepEqual(performed, [], "q is not yes");
  assert.equal(await terminal.isTaken(), false);
});

test("live: the arrow keys choose a pod, and scaling in needs one", async () => {
  const { terminal, performed, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  await terminal.type("d");
  assert.match((await terminal.lines()).join("\n"), /choose a pod first/);
  await terminal.type("\u001B[B\u001B[B");
  assert.match((await terminal.lines()).join("\n"), /^> ↻ {2}web-k2v9x/m);
  await terminal.type("d");
  await terminal.type("y");
  assert.deepEqual(performed, [["scale-in", "web", "--pods", "web-k2v9x"]]);
  await quit();
});

test("live: a filter keeps what contains it", async () => {
  const { terminal, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }));
  await terminal.type("/node-a\r");
  const text = (await terminal.lines()).join("\n");
  assert.match(text, /8q5mz/);
  assert.doesNotMatch(text, /web-k2v9x {2}updating/);
  await quit();
});

test("live: what has no room is counted, and the cursor moves the view", async () => {
  const pods = Array.from({ length: 25 }, (_, i): PodGiven => ({ id: `p${String(i).padStart(2, "0")}`, revision: 7 }));
  const { terminal, quit } = open(seenWeb({ pods, spec: { replicas: 25 } }), { rows: 16 });
  assert.match((await terminal.lines()).join("\n"), /\d+ more lines/);
  await terminal.type("\u001B[A");
  assert.match((await terminal.lines()).join("\n"), /> ✔ {2}web-p24/);
  await quit();
});

test("live: another size, and a CloneSet that is gone", async () => {
  const { terminal, view, show, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }), { columns: 120 });
  terminal.resize(80, 20);
  view.draw();
  const lines = await terminal.lines();
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
  assert.match(lines[0] ?? "", /^web {2}shop-prod/);
  show(undefined);
  assert.deepEqual((await terminal.lines()).filter(Boolean), ["The CloneSet is gone.", "q quit"]);
  await quit();
});

test("live: a command longer than the terminal is wide is shown whole, with its question", async () => {
  const { terminal, quit } = open(seenWeb({ pods: PODS, spec: { replicas: 3 } }), { columns: 40 });
  await terminal.type("p");
  const text = (await terminal.lines()).join("");
  assert.match(text, /kubectl cloneset promote web --full -n shop-prod {3}run this\? y\/N, q quits/);
  await terminal.type("n");
  await quit();
});
