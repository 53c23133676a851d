import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Cli } from "./cli.ts";
import { jsonPath } from "./json-path.ts";
import type { Column } from "./table.ts";
import { table } from "./table.ts";

export type { Column } from "./table.ts";

/** What -o may say. Without -o a verb answers in words of its own. */
export type Format =
  | { kind: "table" }
  | { kind: "wide" }
  | { kind: "json" }
  | { kind: "yaml" }
  | { kind: "name" }
  | { kind: "jsonpath"; template: string };

const KINDS = ["table", "wide", "json", "yaml", "name"] as const;

/** What a verb has to show, for every format. */
export interface View<T> {
  /** One object, or a list of them: json and yaml then say `kind: List`. */
  items: T | T[];
  columns: Column<T>[];
  /** e.g. "cloneset.apps.kruise.io/web". */
  name: (item: T) => string;
  /** Without -o; default: the table. */
  words?: () => string;
  /** Instead of a table without rows, on stderr. */
  empty?: string;
}

/** `-o`, for every verb that prints objects. */
export function outputOption() {
  return new Option("-o, --output <format>", "table, wide, json, yaml, name or jsonpath=TEMPLATE").argParser(
    parseFormat,
  );
}

export function parseFormat(text: string): Format {
  const template = /^jsonpath=(.*)$/s.exec(text)?.[1];
  if (template !== undefined) return { kind: "jsonpath", template };
  const kind = KINDS.find((known) => known === text);
  if (kind === undefined) throw new InvalidArgumentError(`Want ${KINDS.join(", ")} or jsonpath=TEMPLATE.`);
  return { kind };
}

export async function print<T extends object>(cli: Cli, format: Format | undefined, view: View<T>): Promise<void> {
  const { items, columns, name, words, empty } = view;
  const rows = Array.isArray(items) ? items : [items];
  if (format === undefined && words !== undefined) {
    cli.say(words());
    return;
  }
  const kind = format?.kind ?? "table";
  switch (kind) {
    case "table":
    case "wide":
      if (rows.length === 0) cli.note(empty ?? "No resources found");
      else
        cli.say(
          table(
            rows,
            columns.filter(({ wide }) => kind === "wide" || !wide),
            cli.io.stdout.isTTY && kind === "table" ? cli.io.stdout.columns : undefined,
          ),
        );
      return;
    case "name":
      for (const row of rows) cli.say(name(row));
      return;
    case "json":
      cli.say(JSON.stringify(document(items), null, 4));
      return;
    case "yaml": {
      // Loaded here: most runs print no YAML.
      const { dump } = await import("js-yaml");
      cli.io.stdout.write(dump(document(items), { lineWidth: -1, noRefs: true }));
      return;
    }
    case "jsonpath":
      if (format?.kind === "jsonpath") cli.io.stdout.write(jsonPath(format.template, document(items)));
  }
}

/** What a script reads. A list keeps its form however many items it has. */
function document<T extends object>(items: T | T[]): object {
  return Array.isArray(items) ? { apiVersion: "v1", kind: "List", items } : items;
}
