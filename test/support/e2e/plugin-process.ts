/** The kubectl plugin as a user starts it: a process, what it says so far, and Ctrl-C. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Story } from "./story.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class PluginProcess {
  readonly end: Promise<Ended>;
  readonly #story: Story;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = "";
  #stderr = "";

  static start(story: Story, args: string[]): PluginProcess {
    return new PluginProcess(story, args);
  }

  private constructor(story: Story, args: string[]) {
    this.#story = story;
    const flags = ["--kubeconfig", story.setting.kubeconfig, "--namespace", story.namespace];
    // The plugin's own flags come before the verb: what stands after -- is the command of exec.
    this.#child = spawn(process.execPath, [MAIN, ...flags, ...args]);
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.end = this.#ended();
    const kill = () => this.#child.kill("SIGKILL");
    process.once("exit", kill);
    void this.end.finally(() => process.off("exit", kill));
  }

  /** Waits until stdout holds the text. */
  says(text: string): Promise<void> {
    return this.#story.eventually(`the plugin to say ${text}`, () =>
      assert.ok(this.#stdout.includes(text), `it says: ${this.#stdout}${this.#stderr}`),
    );
  }

  /** Waits until the pattern, which has one group, matches stdout. @returns what the group matched */
  finds(pattern: RegExp): Promise<string> {
    return this.#story.eventually(`the plugin to say ${pattern}`, () => {
      const [, found] = pattern.exec(this.#stdout) ?? [];
      assert.ok(found !== undefined, `it says: ${this.#stdout}${this.#stderr}`);
      return found;
    });
  }

  /** Waits until stderr holds the text. */
  complains(text: string): Promise<void> {
    return this.#story.eventually(`the plugin to complain: ${text}`, () =>
      assert.ok(this.#stderr.includes(text), `it says: ${this.#stdout}${this.#stderr}`),
    );
  }

  /** Holds it where it is, however long what happens meanwhile may take. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Ctrl-C. */
  interrupt(): Promise<Ended> {
    this.#child.kill("SIGINT");
    return this.end;
  }

  endWith(stdin: string): Promise<Ended> {
    this.#child.stdin.end(stdin);
    return this.end;
  }

  async #ended(): Promise<Ended> {
    const [code] = (await once(this.#child, "close")) as [number | null];
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }
}
