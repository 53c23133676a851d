/**
 * deploy/kustomize from the chart: one source of truth.
 *
 *   npm run kustomize [-- --check]
 *
 * The base is the chart as it is rendered by default, one file for each template. Overlays are patches by hand, or rendered
 * too where a patch would say everything anew; a test compares what each comes to with what the chart makes of its values.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CHART, findOrBuildHelm, runProgram } from "./helm.ts";

const KUSTOMIZE = new URL("../../deploy/kustomize/", import.meta.url);
export const NAMESPACE = "cloneset-system";
const HEADER = "# Written by `npm run kustomize` from deploy/chart.\n";
/** The name that a `kustomization.yaml` of yours gives a registry to. */
const IMAGE = "--set=image.repository=cloneset-controller";

/** Written whole: their kinds differ from those of the base. */
const RENDERED: { directory: string; templates: string[] | "all"; values: string[] }[] = [
  { directory: "base", templates: "all", values: [IMAGE, "--set=crds.enabled=false"] },
  {
    directory: "overlays/single-namespace",
    templates: "all",
    values: [IMAGE, `--values=${CHART}ci/single-namespace-values.yaml`, "--set=image.repository=cloneset-controller"],
  },
  {
    directory: "overlays/cert-manager",
    templates: ["cert-manager.yaml"],
    values: [IMAGE, "--set=webhook.certManager.enabled=true"],
  },
];

/** helm's output for the chart. @throws with its words if it fails */
export async function renderText(values: string[]): Promise<string> {
  const helm = await findOrBuildHelm((line) => console.error(line));
  const ran = await runProgram(helm, ["template", "x", CHART, `--namespace=${NAMESPACE}`, ...values]);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return ran.stdout;
}

/** The files and what should be in them. */
export async function generated(): Promise<{ file: URL; text: string }[]> {
  const files = await Promise.all(
    RENDERED.map(async ({ directory, templates, values }) =>
      [...byTemplate(await renderText(values))]
        .filter(([template]) => templates === "all" || templates.includes(template))
        .map(([template, texts]) => ({
          file: new URL(`${directory}/${template}`, KUSTOMIZE),
          text: HEADER + texts.join("---\n"),
        })),
    ),
  );
  return files.flat();
}

/** Template → what it made, without what only helm wants. */
function byTemplate(rendered: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const part of rendered.split(/^---\n/m)) {
    const [, template, text] = /^# Source: [^/]+\/templates\/(\S+)\n([\s\S]*)$/.exec(part) ?? [];
    if (template === undefined || text === undefined) continue;
    const clean = text
      .split("\n")
      .filter((line) => !/^\s*(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): /.test(line))
      .join("\n");
    found.set(template, [...(found.get(template) ?? []), `${clean.trim()}\n`]);
  }
  return found;
}

if (import.meta.main) {
  for (const { file, text } of await generated()) {
    const isAsWanted = existsSync(file) && readFileSync(file, "utf8") === text;
    if (!process.argv.includes("--check")) writeFileSync(file, text);
    else if (!isAsWanted) {
      console.error(`${file.pathname} is not what the chart makes: run npm run kustomize`);
      process.exitCode = 1;
    }
  }
}
