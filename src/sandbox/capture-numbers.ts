/**
 * Which number has each field in Kubernetes' protobuf? OpenAPI does not say, so it is read from the Go types of the same version,
 * which the control plane of the tests is built from.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { FieldNumbers } from "./captured.ts";

const GO_MODULES = fileURLToPath(new URL("../../test/cluster/go", import.meta.url));
/** How the name of a schema begins, by the Go module it is from. What follows is the path of the package, and the struct. */
const ORIGINS = { "k8s.io/api": "io.k8s.api.", "k8s.io/apimachinery": "io.k8s.apimachinery." };

/** By the names of schemas, and of the structs that stand inline in these. */
export async function fieldNumbers(schemaNames: readonly string[]): Promise<Record<string, FieldNumbers>> {
  const structs = new Map<string, FieldNumbers>();
  const packages = new Set(schemaNames.map(packageOf));
  for (const [module, prefix] of Object.entries(ORIGINS)) {
    const { stdout } = await promisify(execFile)("go", ["list", "-m", "-f", "{{.Dir}}", module], { cwd: GO_MODULES });
    for (const name of [...packages].filter((one) => one.startsWith(prefix))) {
      const file = join(stdout.trim(), ...name.slice(prefix.length, -1).split("."), "types.go");
      // The few packages without such a file have no structs but those that `protobuf.ts` knows.
      const source = await readFile(file, "utf8").catch(() => "");
      for (const [struct, fields] of structsOf(source)) structs.set(name + struct, fields);
    }
  }
  const found: Record<string, FieldNumbers> = {};
  const open = [...schemaNames];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const fields = structs.get(name);
    if (fields === undefined) continue;
    found[name] = fields;
    for (const field of Object.values(fields)) if (field.startsWith("+")) open.push(packageOf(name) + field.slice(1));
  }
  return found;
}

/** With the dot at its end. */
function packageOf(name: string): string {
  return name.slice(0, name.lastIndexOf(".") + 1);
}

/** The structs of a Go file. A field: `Name *string` with the tag `json:"name,omitempty" protobuf:"bytes,1,opt,name=name"`. */
function structsOf(source: string): [name: string, fields: FieldNumbers][] {
  return [...source.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)].map(([, name = "", body = ""]) => {
    const fields: FieldNumbers = {};
    for (const [, declared = "", tags = ""] of body.matchAll(/^\t(\w[^`\n]*)`([^`]*)`/gm)) {
      const number = /\bprotobuf:"\w+,(\d+),/.exec(tags)?.[1];
      const [json = "", ...options] = /\bjson:"([^"]*)"/.exec(tags)?.[1]?.split(",") ?? [];
      const type = declared.trim().split(/\s+/).at(-1) ?? "";
      if (number === undefined) continue;
      fields[number] = options.includes("inline") ? `+${type}` : `${json}${type.startsWith("*") ? "?" : ""}`;
    }
    return [name, fields];
  });
}
