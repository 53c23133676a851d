import { Argument, Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.ts";
import type { Word } from "../completion/question.ts";
import { questionOf } from "../completion/question.ts";
import { SHELLS, scripts } from "../completion/scripts.ts";

/** Nobody waits longer for a TAB. */
const PATIENCE_MS = 2000;

/** `completion`: the script that a shell wants. */
export const completion = (cli: Cli) =>
  new Command("completion")
    .summary("print the completion script of a shell, or of kubectl")
    .description(
      "Prints what completes kubectl-cloneset in bash, zsh or fish. With kubectl: the script kubectl_complete-cloneset, " +
        "which kubectl's own completion runs for `kubectl cloneset`.",
    )
    .addArgument(new Argument("<shell>", "for whom").choices(SHELLS))
    .action((shell) => {
      cli.io.stdout.write(scripts[shell]);
    });

/** `__complete -- WORDS`: one choice a line, its description after a tab, and Cobra's directive last. */
export const complete = (cli: Cli) =>
  new Command("__complete").argument("[words...]").action(async (words, _options, command) => {
    const program = command.parent;
    if (program === null) return;
    const question = questionOf(program, words);
    const { answer, directiveOf } = await import("../completion/answer.ts");
    program.setOptionValue("requestTimeout", PATIENCE_MS);
    for (const [name, value] of Object.entries(question.connection)) program.setOptionValue(name, value);
    // Whatever goes wrong, the prompt stays clean.
    const choices = await answer(question, () => cli.cluster()).catch((): Word[] => []);
    for (const { text, description } of choices) {
      cli.say(`${question.before}${text}${description ? `\t${description.split("\n")[0]}` : ""}`);
    }
    cli.say(`:${directiveOf(question)}`);
  });
