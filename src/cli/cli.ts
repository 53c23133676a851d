import type { Clock } from "../kube/clock.ts";
import { Cluster } from "./cluster.ts";
import type { ConnectionFlags } from "./connection.ts";
import { connect } from "./connection.ts";

/** What the process around a command line gives it. Tests give their own. */
export interface Io {
  stdin: NodeJS.ReadStream;
  stdout: Out;
  stderr: Out;
  env: Record<string, string | undefined>;
  clock: Clock;
  /** Aborted on Ctrl-C and SIGTERM. */
  interrupted: AbortSignal;
}

/** Where text goes. The rest is there when it is a terminal. */
export interface Out {
  write(text: string | Uint8Array): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** What a command line said, on stdout and stderr. */
export interface Said {
  text: string;
  exitCode: number;
}

/** One run of the plugin: what every verb is given. */
export class Cli {
  readonly io: Io;
  /** See `ExitCode`; a verb sets it when it ends well but not with 0. */
  exitCode = 0;
  /** Runs another command line of the plugin with the same connection. */
  readonly again: (args: string[]) => Promise<Said>;
  readonly #flags: () => ConnectionFlags;
  #cluster: Cluster | undefined;

  constructor(io: Io, flags: () => ConnectionFlags, again: Cli["again"]) {
    this.io = io;
    this.again = again;
    this.#flags = flags;
  }

  /** The connection that flags, environment and kubeconfig ask for, made when first needed. */
  async cluster(): Promise<Cluster> {
    this.#cluster ??= new Cluster(await connect(this.#flags(), this.io.clock));
    return this.#cluster;
  }

  /** One line of result, to stdout. */
  say(line: string): void {
    this.io.stdout.write(`${line}\n`);
  }

  /** One line beside the result, to stderr: warnings, and the next thing to do. */
  note(line: string): void {
    this.io.stderr.write(`${line}\n`);
  }

  async close(): Promise<void> {
    await this.#cluster?.close();
  }
}
