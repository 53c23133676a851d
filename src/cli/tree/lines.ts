import { age, duration } from "../age.ts";
import type { PodRow } from "./pod-row.ts";
import type { Line, Looks, Span } from "./style.ts";
import { glyph } from "./style.ts";
import type { RevisionGroup, Tree } from "./tree.ts";

export interface LinesOptions extends Looks {
  nowMs: number;
  /** Show every pod, however many. */
  all: boolean;
  /** Only pods whose name, node, state or note contains it. */
  filter?: string;
  /** Name of the pod under the cursor. */
  selected?: string | undefined;
  /** Appended to commands: " -n shop". */
  flag: string;
}

/** A line, and the pod it is about. */
export interface TreeLine {
  line: Line;
  pod?: string;
}

/** More pods than this in a revision fold to those that are not simply available, and a count. */
const FOLD_ABOVE = 30;
/** Of a folded revision's pods that are not available, so many are shown. */
const SHOWN_OF_FOLDED = 10;
/** Revisions without pods that are listed. */
const IDLE_SHOWN = 2;
const LABEL_WIDTH = 10;
const BAR_WIDTH = 10;
const NOTE_LEAST = 18;

/** The tree as lines, each at most `columns` wide where that is possible at all. */
export function treeLines(tree: Tree, options: LinesOptions): TreeLine[] {
  return [...header(tree, options).map((line) => ({ line })), ...body(tree, options)];
}

function header(tree: Tree, options: LinesOptions): Line[] {
  const { rollout, name, change, gate, budget, waiting } = tree;
  const lines = [titleLine(tree, options)];
  const add = (label: string, text: string, style?: Span["style"]) => {
    for (const [i, words] of wrapped(text, options.columns - LABEL_WIDTH - 2).entries()) {
      lines.push([
        { text: `  ${(i === 0 ? label : "").padEnd(LABEL_WIDTH)}`, style: "faint" },
        { text: words, style },
      ]);
    }
  };
  if (change) {
    const who = change.by === undefined ? "" : ` · by ${change.by}`;
    const why = change.cause === undefined ? "" : ` · "${change.cause}"`;
    const when = change.atMs > 0 ? `${who === "" ? " ·" : ","} ${duration(options.nowMs - change.atMs)} ago` : "";
    add("change", `rev ${change.to} from rev ${change.from} · ${change.what}${who}${when}${why}`);
  }
  if (gate !== undefined) {
    const holds = rollout.state === "held" || rollout.state === "paused";
    const verb = rollout.paused ? "resume" : "promote";
    const next = holds || rollout.paused ? `. Next: kubectl cloneset ${verb} ${name}${options.flag}` : "";
    add("gate", `${gate}${next}`, holds ? "waiting" : undefined);
  }
  if (rollout.state !== "done") add("budget", budget);
  if (waiting)
    add(rollout.state === "failed" ? "failed" : "waiting", waiting, rollout.state === "failed" ? "bad" : "waiting");
  return lines;
}

function titleLine({ name, namespace, title, rollout, sinceMs }: Tree, { columns, nowMs }: LinesOptions): Line {
  const { state, updatedAvailable, desired } = rollout;
  const style = { done: "ok", held: "waiting", paused: "waiting", failed: "bad", progressing: "busy" } as const;
  const running = state === "progressing" && sinceMs > 0 ? `   ${duration(nowMs - sinceMs)}` : "";
  const right = `${updatedAvailable} of ${desired}   ${bar(updatedAvailable, desired)}${running}`;
  const left: Line = [
    { text: name, style: "strong" },
    { text: `  ${namespace}   `, style: "faint" },
    { text: title, style: style[state] },
  ];
  const used = left.reduce((sum, { text }) => sum + text.length, 0);
  const gap = Math.max(3, Math.min(columns, 100) - used - right.length);
  return [...left, { text: " ".repeat(gap) }, { text: right }];
}

function bar(done: number, of: number): string {
  const full = of === 0 ? BAR_WIDTH : Math.min(BAR_WIDTH, Math.floor((done / of) * BAR_WIDTH));
  return `[${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}]`;
}

interface Widths {
  pod: number;
  state: number;
  ready: number;
  age: number;
  /** 0 = not shown. */
  node: number;
  volume: number;
  note: number;
}

function body(tree: Tree, options: LinesOptions): TreeLine[] {
  const groups = tree.revisions.map((group) => ({ group, ...folded(group, options) }));
  const widths = widthsFor(
    groups.flatMap(({ shown }) => shown),
    options,
  );
  const withPods = groups.filter(({ group }) => group.pods.length > 0 || group.role === "update");
  const idle = groups.filter((one) => !withPods.includes(one));
  const lines: TreeLine[] = groups.length === 0 ? [] : [{ line: [] }];
  if (withPods.some(({ shown }) => shown.length > 0)) lines.push({ line: [{ text: titles(widths), style: "faint" }] });
  for (const { group, shown, rest } of withPods) {
    lines.push({ line: groupLine(group) });
    for (const row of shown) lines.push({ line: podLine(row, widths, options), pod: row.name });
    if (rest !== "") lines.push({ line: [{ text: `     ${rest}`, style: "faint" }] });
  }
  for (const { group } of idle.slice(0, IDLE_SHOWN)) {
    lines.push({ line: [...groupLine(group), { text: `   undo --to-revision ${group.number}`, style: "faint" }] });
  }
  const more = idle.length - IDLE_SHOWN;
  if (more > 0)
    lines.push({ line: [{ text: `and ${more} older ${more === 1 ? "revision" : "revisions"}`, style: "faint" }] });
  return lines;
}

function groupLine({ number, name, role, available, pods }: RevisionGroup): Line {
  const title = number === 0 ? name : `rev ${number}`;
  return [
    { text: title, style: "strong" },
    { text: number === 0 ? "" : `  ${name}`, style: "faint" },
    { text: role === "" ? "" : `  (${role})` },
    { text: pods.length === 0 ? "  no pods" : `  ${available} of ${pods.length} available` },
  ];
}

/** Which pods of a revision are shown, and what is said of the others. */
function folded({ pods }: RevisionGroup, { all, filter }: LinesOptions): { shown: PodRow[]; rest: string } {
  const wanted = filter ? pods.filter((pod) => matches(pod, filter)) : pods;
  const left = pods.length - wanted.length;
  const filtered = left > 0 ? `${left} do not match "${filter}"` : "";
  if (all || wanted.length <= FOLD_ABOVE) return { shown: wanted, rest: filtered };
  const shown = wanted.filter(({ mark, note }) => mark !== "ok" || note.startsWith("next")).slice(0, SHOWN_OF_FOLDED);
  const names = new Set(shown.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const { name, state } of wanted) if (!names.has(name)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const told = [...counts].sort((a, b) => b[1] - a[1]).map(([state, count]) => `${count} ${state}`);
  const rest = `${shown.length > 0 ? "and " : ""}${told.join(", ")} (--all shows each)`;
  return { shown, rest: [rest, filtered].filter(Boolean).join("; ") };
}

/** What --filter keeps. */
export function matches({ name, node, state, note }: PodRow, filter: string): boolean {
  return [name, node, state, note].some((text) => text.includes(filter));
}

/** Fits the columns: VOLUME goes first, then NODE; the note takes what is left. */
function widthsFor(rows: readonly PodRow[], { columns, nowMs }: LinesOptions): Widths {
  const widest = (title: string, of: (row: PodRow) => string) =>
    rows.reduce((width, row) => Math.max(width, of(row).length), title.length);
  const widths: Widths = {
    pod: widest("POD", ({ name }) => name),
    state: widest("STATE", ({ state }) => state),
    ready: widest("READY", ({ ready }) => ready),
    age: widest("AGE", ({ createdMs }) => age(createdMs, nowMs)),
    node: rows.some(({ node }) => node !== "") ? widest("NODE", ({ node }) => node) : 0,
    volume: rows.some(({ volumes }) => volumes.length > 0) ? widest("VOLUME", ({ volumes }) => volumes.join(",")) : 0,
    note: 0,
  };
  const left = () =>
    columns -
    5 -
    [widths.pod, widths.state, widths.ready, widths.age, widths.node, widths.volume].reduce(
      (sum, width) => sum + (width > 0 ? width + 2 : 0),
      0,
    );
  const note = Math.min(
    NOTE_LEAST,
    widest("NOTE", (row) => row.note),
  );
  if (left() < note) widths.volume = 0;
  if (left() < note) widths.node = 0;
  widths.note = Math.max(left(), 0);
  return widths;
}

function titles(widths: Widths): string {
  return `     ${cells(["POD", "STATE", "READY", "AGE", "NODE", "VOLUME"], widths)}NOTE`;
}

function cells(texts: readonly string[], { pod, state, ready, age: ageWidth, node, volume }: Widths): string {
  const widths = [pod, state, ready, ageWidth, node, volume];
  return widths.map((width, i) => (width === 0 ? "" : (texts[i] ?? "").slice(0, width).padEnd(width + 2))).join("");
}

function podLine(row: PodRow, widths: Widths, options: LinesOptions): Line {
  const { name, mark, state, ready, createdMs, node, volumes, note } = row;
  const isSelected = name === options.selected;
  const [podCell, rest] = [
    name.padEnd(widths.pod + 2),
    cells(["", "", ready, age(createdMs, options.nowMs), node, volumes.join(",")], { ...widths, pod: 0, state: 0 }),
  ];
  return [
    { text: isSelected ? "> " : "  ", style: "strong" },
    { text: `${glyph(mark, options)} `, style: mark },
    { text: podCell, style: isSelected ? "strong" : undefined },
    { text: state.padEnd(widths.state + 2), style: mark === "ok" ? undefined : mark },
    { text: rest },
    { text: shortened(note, widths.note), style: mark === "bad" ? "bad" : "faint" },
  ];
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** At most three lines; what does not fit even so is cut. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [""];
  // An image may be longer than a line.
  const words = text.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${Math.max(1, width)}}`, "gu")) ?? []);
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.length <= 3 ? lines : [...lines.slice(0, 2), shortened(lines.slice(2).join(" "), width)];
}
