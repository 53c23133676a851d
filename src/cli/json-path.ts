import { JSONPath } from "jsonpath-plus";
import { Failure } from "./failure.ts";

/** A piece of a template: text as it is, an expression, or a loop over what an expression finds. */
type Piece =
  | { kind: "text"; text: string }
  | { kind: "expression"; path: string }
  | { kind: "range"; path: string; body: Piece[] };

/**
 * kubectl's JSONPath templates: `{.status.replicas}`, `{range .items[*]}{.metadata.name}{"\n"}{end}`. What several
 * places match is joined with spaces; what is not there prints nothing; objects print as JSON.
 */
export function jsonPath(template: string, document: object): string {
  return render(parse(template), document, document);
}

function render(pieces: readonly Piece[], root: object, here: unknown): string {
  return pieces
    .map((piece) => {
      switch (piece.kind) {
        case "text":
          return piece.text;
        case "expression":
          return found(piece.path, root, here).map(shown).join(" ");
        case "range":
          return found(piece.path, root, here)
            .map((item) => render(piece.body, root, item))
            .join("");
      }
    })
    .join("");
}

function found(path: string, root: object, here: unknown): unknown[] {
  const fromRoot = path.startsWith("$");
  const json = fromRoot ? root : here;
  // "." and "@" mean the object itself.
  const rest = path.replace(/^[$@]/, "");
  if (rest === "" || rest === ".") return [json];
  if (typeof json !== "object" || json === null) return [];
  try {
    // kubectl writes a dot within a name as "\."; jsonpath-plus wants the name in brackets.
    const dotted = rest.replaceAll(/\.((?:[^.[\]\\]|\\.)*\\\.(?:[^.[\]\\]|\\.)*)/g, (_, name: string) => {
      return `['${name.replaceAll("\\.", ".")}']`;
    });
    const filters = dotted.replaceAll(
      /\?\(([^)]*)\)/g,
      (_, test: string) => `?(${test.replaceAll(/([^=!<>])==?([^=])/g, "$1==$2")})`,
    );
    const expression = filters.startsWith(".") || filters.startsWith("[") ? `$${filters}` : `$.${filters}`;
    return JSONPath({ path: expression, json, wrap: true, eval: "safe" }) as unknown[];
  } catch (error) {
    throw new Failure(`cannot read the JSONPath {${path}}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parse(template: string): Piece[] {
  const top: Piece[] = [];
  const open = [top];
  const add = (piece: Piece) => open.at(-1)?.push(piece);
  for (const [whole, inside] of template.matchAll(/\{((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^{}"'])*)\}|[^{]+|\{/g)) {
    const expression = inside?.trim();
    if (expression === undefined) {
      if (whole === "{") throw new Failure(`cannot read the JSONPath ${template}: a "{" without its "}"`);
      add({ kind: "text", text: whole });
    } else if (expression === "end") {
      if (open.length === 1) throw new Failure(`cannot read the JSONPath ${template}: {end} without {range}`);
      open.pop();
    } else if (/^range\s/.test(expression)) {
      const body: Piece[] = [];
      add({ kind: "range", path: expression.replace(/^range\s+/, ""), body });
      open.push(body);
    } else if (/^["']/.test(expression)) add({ kind: "text", text: unquoted(expression) });
    else add({ kind: "expression", path: expression });
  }
  if (open.length > 1) throw new Failure(`cannot read the JSONPath ${template}: {range} without {end}`);
  return top;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, char: string) => ({ n: "\n", t: "\t" })[char] ?? char);
}
