// Writes crds/cloneset.yaml. `npm run crd` after an edit of cloneset.base.yaml or definitions.yaml.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { dump, load } from "js-yaml";
import { buildCrd, type OwnDefinitions } from "./build-crd.ts";
import { type OpenApiDocument, type PodApi, trimPodApi } from "./pod-api.ts";

const USAGE = `Usage: node crds/generate.ts [--check] [--from-server [--kubeconfig FILE]]

Writes crds/cloneset.yaml from crds/cloneset.base.yaml (the fields and rules of a CloneSet),
crds/definitions.yaml (what we say about the pod API) and crds/openapi/core-v1.json (the pod API).

  --check            write nothing; fail if crds/cloneset.yaml is not what the inputs make
  --from-server      first fetch crds/openapi/core-v1.json from a cluster, with kubectl
  --kubeconfig FILE  the cluster to fetch from; default: kubectl's own
  --help             print this
`;

const BASE = new URL("cloneset.base.yaml", import.meta.url);
const OWN_DEFINITIONS = new URL("definitions.yaml", import.meta.url);
const POD_API = new URL("openapi/core-v1.json", import.meta.url);
const OUTPUT = new URL("cloneset.yaml", import.meta.url);

/** Definitions of the pod API that cloneset.base.yaml names. */
const ROOTS = [
  "io.k8s.api.core.v1.PodTemplateSpec",
  "io.k8s.api.core.v1.PersistentVolumeClaim",
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
];

const HEADER = "# Written by `npm run crd`. Edit crds/cloneset.base.yaml or crds/definitions.yaml instead.\n";

/** The text of crds/cloneset.yaml, made from the files beside it. */
export function generate(): string {
  const podApi = JSON.parse(readFileSync(POD_API, "utf8")) as PodApi;
  const crd = buildCrd(load(readFileSync(BASE, "utf8")), readOwnDefinitions(), podApi);
  // One column of indentation: the schema is deep, and two columns would take the file past what
  // `kubectl apply` can keep in its annotation.
  return HEADER + dump(crd, { noRefs: true, lineWidth: -1, seqNoIndent: true, indent: 1 });
}

function readOwnDefinitions(): OwnDefinitions {
  return load(readFileSync(OWN_DEFINITIONS, "utf8")) as OwnDefinitions;
}

function fetchPodApi(kubeconfig: string | undefined): PodApi {
  const cluster = kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig];
  const raw = (path: string) =>
    JSON.parse(execFileSync("kubectl", [...cluster, "get", "--raw", path], { encoding: "utf8", maxBuffer: 64 << 20 }));
  const document = raw("/openapi/v3/api/v1") as OpenApiDocument;
  // Servers put "unversioned" into the document itself.
  document.info.version = (raw("/version") as { gitVersion: string }).gitVersion;
  return trimPodApi(document, ROOTS, new Set(Object.keys(readOwnDefinitions().replace)));
}

function main(args: string[]): number {
  let flags: { check?: boolean; "from-server"?: boolean; kubeconfig?: string; help?: boolean };
  try {
    flags = parseArgs({
      args,
      options: {
        check: { type: "boolean" },
        "from-server": { type: "boolean" },
        kubeconfig: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
    if (flags.kubeconfig !== undefined && !flags["from-server"]) throw new Error("--kubeconfig needs --from-server");
    if (flags.check && flags["from-server"]) throw new Error("--check and --from-server exclude each other");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (flags.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (flags["from-server"]) writeFileSync(POD_API, `${JSON.stringify(fetchPodApi(flags.kubeconfig), null, 1)}\n`);
  const text = generate();
  if (flags.check) {
    if (existsSync(OUTPUT) && readFileSync(OUTPUT, "utf8") === text) return 0;
    process.stderr.write("crds/cloneset.yaml is not what its inputs make: run `npm run crd`\n");
    return 1;
  }
  writeFileSync(OUTPUT, text);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
