import type { PodRow } from "./pod-row.ts";
import type { Tree } from "./tree.ts";

/** What happened between two looks, one line each: for logs and pipes, where nothing can be redrawn. */
export function news(before: Tree | undefined, after: Tree): string[] {
  const lines: string[] = [];
  const head = headline(after);
  if (before === undefined || headline(before) !== head) lines.push(`${after.name}  ${head}`);
  const old = podsOf(before);
  const now = podsOf(after);
  for (const [name, { row, revision }] of now) {
    const was = old.get(name);
    const note = steady(row.note);
    const told = note === "" ? row.state : `${row.state} (${note})`;
    const where = row.node === "" ? "" : ` on ${row.node}`;
    if (was === undefined) lines.push(`${name}  ${told}, ${revision}${where}`);
    else if (was.row.state !== row.state || was.revision !== revision) {
      lines.push(
        `${name}  ${was.row.state} -> ${told}${was.revision === revision ? "" : `, ${was.revision} -> ${revision}`}`,
      );
    }
  }
  for (const name of old.keys()) if (!now.has(name)) lines.push(`${name}  gone`);
  return lines;
}

function headline({ title, rollout, gate }: Tree): string {
  const { updatedAvailable, desired } = rollout;
  return `${title}: ${updatedAvailable} of ${desired}${gate === undefined ? "" : `; ${steady(gate)}`}`;
}

function podsOf(tree: Tree | undefined): Map<string, { row: PodRow; revision: string }> {
  return new Map(
    (tree?.revisions ?? []).flatMap(({ number, pods }) =>
      pods.map((row): [string, { row: PodRow; revision: string }] => [row.name, { row, revision: `rev ${number}` }]),
    ),
  );
}

/** Without the times that count: they are no news. */
function steady(text: string): string {
  return text.replaceAll(/ ?\b(for|in) \d[\ddhms]*/g, "").replaceAll(/ \d[\ddhms]* ago/g, "");
}
