import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Command, CommanderError } from "@commander-js/extra-typings";
import packageJson from "../../package.json" with { type: "json" };
import type { Io, Said } from "./cli.ts";
import { Cli } from "./cli.ts";
import type { ConnectionFlags } from "./connection.ts";
import { connectionOptions } from "./connection-options.ts";
import { ExitCode } from "./exit-code.ts";
import { explain } from "./failure.ts";
import { complete } from "./verbs/completion.ts";
import { VERBS } from "./verbs.ts";

/** Runs one command line, and returns the exit code. `given`: connection flags that the line need not repeat. */
export async function run(args: string[], io: Io, given: ConnectionFlags = {}): Promise<number> {
  let program: CommandUnknownOpts | undefined;
  const flags = (): ConnectionFlags => ({ ...given, ...program?.opts() });
  const cli = new Cli(io, flags, (line) => said(line, io, flags()));
  program = createProgram(cli);
  try {
    await program.parseAsync(asKubectlReads(args), { from: "user" });
    return cli.exitCode;
  } catch (error) {
    // Help and version end this way too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    // Whoever pressed Ctrl-C knows.
    if (io.interrupted.aborted && error === io.interrupted.reason) return ExitCode.interrupted;
    const { text, exitCode } = explain(error);
    cli.note(text);
    return exitCode;
  } finally {
    await cli.close();
  }
}

/** Runs one command line, and returns what came of it. */
export async function said(args: string[], io: Io, given: ConnectionFlags): Promise<Said> {
  let text = "";
  const out = { write: (more: string) => (text += more), isTTY: false, columns: io.stdout.columns ?? 80 };
  const exitCode = await run(args, { ...io, stdout: out, stderr: out }, given);
  return { text, exitCode };
}

/** kubectl never takes the word after a bare --dry-run for its value; commander would. After "--" it is not ours to read. */
function asKubectlReads(args: readonly string[]): string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.map((arg, i) => (arg === "--dry-run" && i < end ? "--dry-run=server" : arg));
}

/** All commands with their options; completion reads it too. */
export function createProgram(cli: Cli): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command("kubectl cloneset")
    .description("Rollouts, scaling and insight for CloneSets (apps.kruise.io/v1alpha1).")
    .version(packageJson.version, "--version", "print the version")
    .usage("VERB [flags]");
  for (const option of connectionOptions)
    program.addOption(option.helpGroup("Connection flags, before or after the verb:"));
  for (const [heading, verbs] of Object.entries(VERBS)) {
    for (const verb of verbs) program.addCommand(verb(cli).helpGroup(`${heading}:`));
  }
  program.addCommand(complete(cli), { hidden: true });
  program.helpCommand(false);
  settle(program, cli.io);
  return program;
}

/** The same manners for every command: where it writes, how it ends, and where it points after a mistake. */
function settle(command: CommandUnknownOpts, io: Io): void {
  const path = pathOf(command);
  command
    .exitOverride()
    .helpOption("-h, --help", "print this")
    .showHelpAfterError(`See '${path} --help' for usage.`)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    });
  if (command.parent)
    command.addHelpText("after", "\nConnection flags (-n, --context, …): see 'kubectl cloneset --help'.");
  for (const child of command.commands) settle(child, io);
}

function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
