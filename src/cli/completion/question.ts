import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** What a shell wants to know when somebody presses TAB. */
export interface Question {
  /** What stands before the cursor, of the word itself: "we". */
  partial: string;
  /** What was typed of the same word and is not looked at: "--namespace=", or "a,b," in a list. */
  before: string;
  /** Words to choose from that the command line itself knows. */
  words: readonly Word[];
  /** What else may stand there, by its placeholder: "cloneset", "pod", "namespace"; "" = nothing of the cluster. */
  what: string;
  /** Connection flags given so far, by their attribute name. */
  connection: Readonly<Record<string, string>>;
  /** Arguments of the verb given so far. */
  operands: readonly string[];
}

export interface Word {
  text: string;
  description?: string;
}

/** Reads a command line of which the last word is unfinished. Pure: nobody is asked here. */
export function questionOf(program: CommandUnknownOpts, line: readonly string[]): Question {
  const typed = line.slice(0, -1);
  const last = line.at(-1) ?? "";
  let command = program;
  let open: Option | undefined;
  let ended = false;
  const operands: string[] = [];
  const connection: Record<string, string> = {};
  const note = (option: Option, value: string) => {
    if (program.options.includes(option)) connection[option.attributeName()] = value;
  };
  for (const word of typed) {
    if (open !== undefined) {
      note(open, word);
      open = undefined;
    } else if (ended) operands.push(word);
    else if (word === "--") ended = true;
    else if (word.startsWith("-")) {
      const { option, value } = flagIn(word, command, program);
      if (option === undefined || !takesValue(option)) continue;
      if (value === undefined) open = option;
      else note(option, value);
    } else {
      const child = command.commands.find((one) => one.name() === word);
      if (child === undefined) operands.push(word);
      else command = child;
    }
  }
  const question = { before: "", partial: last, words: [], what: "", connection, operands };
  if (open !== undefined) return { ...question, ...valueOf(open, last) };
  // What follows "--" is another program's command line.
  if (ended) return question;
  const { option: given, value } = flagIn(last, command, program);
  if (given !== undefined && last.startsWith("--") && value !== undefined) {
    const { before, ...rest } = valueOf(given, value);
    return { ...question, ...rest, before: last.slice(0, last.length - value.length) + before };
  }
  if (last.startsWith("-")) return { ...question, words: flagsOf(command, program) };
  if (command.commands.length > 0) return { ...question, words: verbsOf(command) };
  const argument = command.registeredArguments[Math.min(operands.length, command.registeredArguments.length - 1)];
  if (argument === undefined || (operands.length >= command.registeredArguments.length && !argument.variadic)) {
    return question;
  }
  const words = (argument.argChoices ?? []).map((text) => ({ text }));
  return { ...question, words, what: argument.name() };
}

function flagIn(
  word: string,
  command: CommandUnknownOpts,
  program: CommandUnknownOpts,
): { option: Option | undefined; value: string | undefined } {
  const [, long, value] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  // -n shop, or -nshop.
  const short = long === undefined && /^-[^-]/.test(word) ? word.slice(0, 2) : undefined;
  const option = [...command.options, ...program.options].find(
    (one) => (long !== undefined && one.long === long) || (short !== undefined && one.short === short),
  );
  return { option, value: short === undefined ? value : word.slice(2) || undefined };
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function valueOf({ flags, argChoices }: Option, text: string): Pick<Question, "before" | "partial" | "words" | "what"> {
  const placeholder = /[<[](.+?)[>\]]/.exec(flags)?.[1] ?? "";
  const isList = placeholder.endsWith(",...");
  const begin = isList ? text.lastIndexOf(",") + 1 : 0;
  return {
    before: text.slice(0, begin),
    partial: text.slice(begin),
    words: (argChoices ?? []).map((choice) => ({ text: choice })),
    what: placeholder.replace(/,?\.\.\.$/, ""),
  };
}

function flagsOf(command: CommandUnknownOpts, program: CommandUnknownOpts): Word[] {
  const own = command === program ? [] : command.options;
  return [...own, ...program.options]
    .filter(({ hidden, long }) => !hidden && long)
    .map(({ long, description }) => ({ text: long ?? "", description }));
}

function verbsOf(command: CommandUnknownOpts): Word[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ text: one.name(), description: one.summary() }));
}
