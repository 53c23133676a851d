import { emitKeypressEvents } from "node:readline";
import type { Io } from "../cli.ts";
import type { Watching } from "../seen.ts";
import type { Deed, KeyAction } from "./actions.ts";
import type { TreeLine } from "./lines.ts";
import { treeLines } from "./lines.ts";
import { Screen } from "./screen.ts";
import type { Line, Looks } from "./style.ts";
import { broken, rendered } from "./style.ts";
import type { Tree } from "./tree.ts";
import { treeOf } from "./tree.ts";

export interface LiveOptions {
  io: Io;
  watching: Watching;
  looks: Looks;
  all: boolean;
  flag: string;
  actions: readonly KeyAction[];
  /** Lines below the tree, where there is room for them. */
  footer?: readonly string[];
}

export interface Key {
  name?: string | undefined;
  sequence?: string | undefined;
  ctrl?: boolean | undefined;
}

/** Changes are collected for this long, so that a burst is one redraw. */
const COLLECT_MS = 50;
const TICK_MS = 1000;
/** Lines of an answer that are shown. */
const ANSWER_LINES = 6;

type Mode =
  | { kind: "look" }
  | { kind: "filter" }
  /** It is worked out what the deed would come to. */
  | { kind: "foretelling"; deed: Deed }
  | { kind: "confirm"; deed: Deed }
  | { kind: "running"; deed: Deed };

/** The tree, live, with keys. `run` ends when the user or the signal says so. */
export class LiveView {
  readonly #options: LiveOptions;
  readonly #screen: Screen;
  #mode: Mode = { kind: "look" };
  #answer: string[] = [];
  #all: boolean;
  #filter = "";
  /** Name of the pod under the cursor. */
  #selected: string | undefined;
  #scroll = 0;
  #due: NodeJS.Timeout | undefined;
  #end: () => void = () => {};
  /** The terminal is somebody else's again. */
  #isOver = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#screen = new Screen(options.io.stdout);
    this.#all = options.all;
  }

  async run(): Promise<void> {
    const { stdin, interrupted } = this.#options.io;
    const ended = new Promise<void>((resolve) => (this.#end = resolve));
    interrupted.addEventListener("abort", () => this.#end(), { once: true });
    if (interrupted.aborted) this.#end();
    const onKey = (_: string | undefined, key: Key) => this.key(key);
    emitKeypressEvents(stdin);
    stdin.setRawMode?.(true);
    stdin.on("keypress", onKey);
    stdin.resume();
    const tick = setInterval(() => this.draw(), TICK_MS);
    this.#screen.open();
    try {
      this.draw();
      await ended;
    } finally {
      this.#isOver = true;
      clearInterval(tick);
      clearTimeout(this.#due);
      stdin.off("keypress", onKey);
      stdin.setRawMode?.(false);
      stdin.pause();
      this.#screen.close();
    }
  }

  /** Something happened: redraws soon. */
  changed(): void {
    if (this.#isOver) return;
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.draw();
    }, COLLECT_MS);
  }

  draw(): void {
    const { io, looks, watching, footer = [] } = this.#options;
    const { columns, rows } = this.#screen;
    const now = { ...looks, columns };
    const seen = watching.seen();
    const nowMs = io.clock.nowMs();
    const tree = seen && treeOf(seen, nowMs);
    const lines: TreeLine[] = tree
      ? treeLines(tree, {
          ...now,
          nowMs,
          all: this.#all,
          filter: this.#filter,
          selected: this.#selected,
          flag: this.#options.flag,
        })
      : [{ line: [{ text: "The CloneSet is gone.", style: "bad" }] }];
    const own = this.#bottom(tree, columns).flatMap((line) => broken(line, columns));
    const below = footer.flatMap((text) => broken([{ text }], columns));
    const hasRoom = lines.length + 1 + below.length + own.length <= rows;
    const bottom = [...(hasRoom ? below : []), ...own];
    const room = Math.max(1, rows - bottom.length - 1);
    const view = this.#scrolled(lines, room);
    this.#screen.draw([...view, [], ...bottom].map((line) => rendered(line, now)));
  }

  /** For `stdin`, and for tests. */
  key(key: Key): void {
    if (key.ctrl && key.name === "c") this.#end();
    else {
      switch (this.#mode.kind) {
        case "look":
          this.#look(key);
          break;
        case "filter":
          this.#typeFilter(key);
          break;
        case "confirm":
          this.#confirm(key, this.#mode.deed);
          break;
        case "foretelling":
          if (key.name === "q") this.#end();
          break;
        case "running":
          break;
      }
    }
    this.draw();
  }

  #look(key: Key): void {
    this.#answer = [];
    const action = this.#options.actions.find((one) => one.key === key.sequence);
    if (action) this.#begin(action);
    else if (key.name === "q") this.#end();
    else if (key.name === "up" || key.name === "down") this.#move(key.name === "up" ? -1 : 1);
    else if (key.name === "escape") {
      this.#selected = undefined;
      this.#filter = "";
    } else if (key.sequence === "a") this.#all = !this.#all;
    else if (key.sequence === "/") this.#mode = { kind: "filter" };
  }

  #begin({ begin }: KeyAction): void {
    const seen = this.#options.watching.seen();
    if (seen === undefined) return;
    const deed = begin(treeOf(seen, this.#options.io.clock.nowMs()), this.#selected);
    if (typeof deed === "string") this.#answer = [deed];
    else if (deed.foretell) void this.#foretell(deed, deed.foretell);
    else if (deed.asks) this.#mode = { kind: "confirm", deed };
    else void this.#perform(deed);
  }

  /** Whoever answers knows what the deed would come to: which pods are made anew, and which volumes go. */
  async #foretell(deed: Deed, foretell: NonNullable<Deed["foretell"]>): Promise<void> {
    this.#mode = { kind: "foretelling", deed };
    const { lines, goesOn } = await foretell();
    this.#answer = lines.slice(0, ANSWER_LINES);
    this.#mode = goesOn ? { kind: "confirm", deed } : { kind: "look" };
    if (!this.#isOver) this.draw();
  }

  #confirm(key: Key, deed: Deed): void {
    this.#mode = { kind: "look" };
    this.#answer = [];
    if (key.name === "q") this.#end();
    else if (key.sequence === "y" || key.sequence === "Y") void this.#perform(deed);
  }

  async #perform(deed: Deed): Promise<void> {
    this.#mode = { kind: "running", deed };
    const said = await deed.run();
    this.#answer = [deed.command, ...said.trimEnd().split("\n").slice(0, ANSWER_LINES)];
    this.#mode = { kind: "look" };
    this.changed();
  }

  #typeFilter(key: Key): void {
    if (key.name === "return" || key.name === "escape") {
      if (key.name === "escape") this.#filter = "";
      this.#mode = { kind: "look" };
    } else if (key.name === "backspace") this.#filter = this.#filter.slice(0, -1);
    else if (key.sequence && /^[\x21-\x7E]$/.test(key.sequence)) this.#filter += key.sequence;
  }

  #move(by: number): void {
    const seen = this.#options.watching.seen();
    if (seen === undefined) return;
    const nowMs = this.#options.io.clock.nowMs();
    const pods = treeLines(treeOf(seen, nowMs), {
      ...this.#options.looks,
      nowMs,
      all: this.#all,
      filter: this.#filter,
      flag: this.#options.flag,
    }).flatMap(({ pod }) => pod ?? []);
    const at = this.#selected === undefined ? -1 : pods.indexOf(this.#selected);
    const next = at < 0 ? (by > 0 ? 0 : pods.length - 1) : Math.min(pods.length - 1, Math.max(0, at + by));
    this.#selected = pods[next];
  }

  /** The part of the lines that has room, with the cursor in it; what is left out is counted. */
  #scrolled(lines: readonly TreeLine[], room: number): Line[] {
    if (lines.length <= room) {
      this.#scroll = 0;
      return lines.map(({ line }) => line);
    }
    const at = this.#selected === undefined ? 0 : lines.findIndex(({ pod }) => pod === this.#selected);
    const height = room - 1;
    if (at < this.#scroll) this.#scroll = at;
    if (at >= this.#scroll + height) this.#scroll = at - height + 1;
    this.#scroll = Math.min(this.#scroll, lines.length - height);
    const shown = lines.slice(this.#scroll, this.#scroll + height).map(({ line }) => line);
    return [...shown, [{ text: `${lines.length - height} more lines; arrow keys move`, style: "faint" }]];
  }

  #bottom(tree: Tree | undefined, columns: number): Line[] {
    const trouble = this.#options.watching.trouble();
    const lines: Line[] = trouble === undefined ? [] : [[{ text: `no news: ${trouble}; trying again`, style: "bad" }]];
    for (const text of this.#answer) lines.push([{ text }]);
    switch (this.#mode.kind) {
      case "look":
        for (const text of keyBar(tree ? this.#options.actions.map((one) => keyTitle(one, tree)) : [], columns)) {
          lines.push([{ text, style: "faint" }]);
        }
        break;
      case "filter":
        lines.push([
          { text: `/${this.#filter}_`, style: "strong" },
          { text: "   return keeps it, esc drops it", style: "faint" },
        ]);
        break;
      case "confirm":
        lines.push([{ text: this.#mode.deed.command, style: "strong" }, { text: "   run this? y/N, q quits" }]);
        break;
      case "foretelling":
      case "running":
        lines.push([{ text: this.#mode.deed.command, style: "strong" }, { text: " …" }]);
        break;
    }
    return lines;
  }
}

function keyTitle({ key, title }: KeyAction, tree: Tree): string {
  return `${key} ${title(tree)}`;
}

/** As many lines as it takes. */
function keyBar(titles: readonly string[], columns: number): string[] {
  const own = titles.length > 0 ? ["a all", "/ filter", "q quit"] : ["q quit"];
  const lines: string[] = [];
  for (const title of [...titles, ...own]) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + title.length <= columns) lines[lines.length - 1] = `${last}  ${title}`;
    else lines.push(title);
  }
  return lines;
}
