import { Command, Option } from "@commander-js/extra-typings";
import { fromV1alpha1 } from "../../api/convert.ts";
import type { Features } from "../../api/features.ts";
import { parseFeatures } from "../../api/features.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import { Trimmer } from "../../observe/trim.ts";
import { fates, preview } from "../../preview/preview.ts";
import { applyPatch } from "../apply-patch.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { ifThere } from "../looked.ts";
import type { Manifest } from "../manifests.ts";
import { readManifests } from "../manifests.ts";
import { cloneSetName } from "../names.ts";
import { outputOption, print } from "../output.ts";
import type { PlanReport } from "../plan-report.ts";
import { planReport, planText } from "../plan-report.ts";

const COLUMNS = [
  { title: "NAME", of: ({ name }: PlanReport) => name },
  { title: "STEPS", of: ({ steps }: PlanReport) => steps.length },
  { title: "IN-PLACE", of: ({ pods }: PlanReport) => pods.filter(({ fate }) => fate === "inPlace").length },
  { title: "RE-CREATED", of: ({ pods }: PlanReport) => pods.filter(({ fate }) => fate === "recreated").length },
  { title: "REMOVED", of: ({ pods }: PlanReport) => pods.filter(({ fate }) => fate === "removed").length },
  { title: "END", of: ({ end }: PlanReport) => end },
];

/** `plan`: what the controller would do, before it is asked to. */
export const plan = (cli: Cli) =>
  new Command("plan")
    .summary("say what the controller would do, step by step")
    .description(
      "Plays the controller's own plans forward, with everything going well: which pods are updated in place, which are " +
        "re-created and why, which PVCs go, in which order and how many at a time. With -f, as if the manifest were " +
        "applied; the server checks it and stores nothing. Exit code 1 if it could not be carried out.",
    )
    .argument("[cloneset]", "its name; or say -f", cloneSetName)
    .addOption(new Option("-f, --filename <file...>", "manifests, folders of them, or - for standard input"))
    .addOption(
      new Option("--feature-gates <list>", "those that the controller was started with").argParser(parseFeatures),
    )
    .addOption(outputOption())
    .action(async (name, { filename, featureGates, output }) => {
      if ((name === undefined) === (filename === undefined)) {
        throw new Failure("name a CloneSet, or give manifests with -f", {
          next: "kubectl cloneset plan web, or kubectl cloneset plan -f web.yaml",
          exitCode: ExitCode.usage,
        });
      }
      const cluster = await cli.cluster();
      const wanted =
        name === undefined
          ? await asApplied(cluster, await manifestsOf(cli, filename ?? []))
          : [await cluster.cloneSet(name)];
      const features = featureGates ?? parseFeatures("");
      const reports: PlanReport[] = [];
      for (const object of wanted)
        reports.push(await report(cluster, object, { features, nowMs: cli.io.clock.nowMs() }));
      await print(cli, output, {
        items: name === undefined ? reports : (reports[0] as PlanReport),
        columns: COLUMNS,
        name: (one) => `cloneset.apps.kruise.io/${one.name}`,
        words: () => reports.map(planText).join("\n\n"),
      });
      if (reports.some(({ end }) => end === "refused")) cli.exitCode = ExitCode.failed;
    });

async function manifestsOf(cli: Cli, files: string[]): Promise<Manifest[]> {
  const manifests = await readManifests(files, cli.io);
  const broken = manifests.find(({ object }) => object === undefined);
  if (broken) throw new Failure(`${broken.file}:${broken.line}: ${broken.problem}`);
  const cloneSets = manifests.filter(({ object }) => object?.["kind"] === "CloneSet");
  if (cloneSets.length === 0) throw new Failure(`no CloneSet in ${files.join(", ")}`);
  return cloneSets;
}

/** As the server would store them, were they applied. */
async function asApplied(cluster: Cluster, manifests: readonly Manifest[]): Promise<CloneSetObject[]> {
  const applied: CloneSetObject[] = [];
  for (const { object = {} } of manifests) {
    const manifest = object as unknown as CloneSetObject;
    const { namespace = cluster.namespace, name } = manifest.metadata;
    const live = await ifThere(() =>
      cluster.client.get<CloneSetObject>(CLONE_SETS, { namespace, name }, cluster.limits),
    );
    const options = { dryRun: true, ...cluster.limits };
    applied.push(
      live === undefined
        ? await cluster.client.create(
            CLONE_SETS,
            { ...manifest, metadata: { ...manifest.metadata, namespace } },
            options,
          )
        : await cluster.client.patch(CLONE_SETS, { namespace, name }, applyPatch(object, live), {
            type: "merge",
            ...options,
          }),
    );
  }
  return applied;
}

async function report(
  cluster: Cluster,
  object: CloneSetObject,
  { features, nowMs }: { features: Features; nowMs: number },
): Promise<PlanReport> {
  const [pods, claims, revisions] = await Promise.all([
    cluster.podsOf(object),
    cluster.claimsOf(object),
    cluster.revisionsOf(object),
  ]);
  const start = { cloneSet: object, pods, claims, revisions };
  const told = preview(start, { features, nowMs });
  const trimmer = new Trimmer();
  return planReport(told, fates(told, start), {
    cloneSet: fromV1alpha1(object),
    pods: pods.map((pod) => trimmer.pod(pod)),
    revisions: revisions.map((revision) => trimmer.revision(revision)),
    features,
  });
}
