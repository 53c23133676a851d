/** One value of the chart: what stands before a key in values.yaml, and after it. */
export interface Value {
  /** `webhook.certManager.enabled`. */
  path: string;
  /** As written in the file; "" for a map whose keys follow. */
  written: string;
  /** The comment lines above it, joined. */
  about: string;
}

const LINE = /^(?<indent> *)(?:# ?(?<comment>.*)|(?<key>[A-Za-z]+):(?: (?<written>.*))?)$/;

/**
 * Reads the chart's values.yaml line by line, because a YAML parser forgets comments.
 *
 * @throws if a line is neither blank, a comment, nor `key: value` on one line: then the README would be wrong
 */
export function readValues(text: string): Value[] {
  const values: Value[] = [];
  const path: string[] = [];
  let about: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const { indent = "", comment, key, written = "" } = LINE.exec(line)?.groups ?? {};
    if (comment !== undefined) about.push(comment);
    else if (key === undefined)
      throw new Error(`Cannot read line ${index + 1} of values.yaml: want "key: value", found ${line}`);
    else {
      path.splice(indent.length / 2, Number.POSITIVE_INFINITY, key);
      values.push({ path: path.join("."), written, about: about.join(" ") });
      about = [];
    }
  }
  return values;
}

/** A Markdown table of all values that can be set. */
export function valuesTable(values: readonly Value[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  // A map with nothing to say about it is told by its keys.
  const rows = values
    .filter(({ written, about }) => written !== "" || about !== "")
    .map(({ path, written, about }) => {
      const shown = written === "" ? "" : `\`${written}\``;
      return `| \`${path}\` | ${cell(shown)} | ${cell(about)} |`;
    });
  return ["| Value | Default | Meaning |", "|---|---|---|", ...rows].join("\n");
}
