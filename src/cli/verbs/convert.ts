import { Command, Option } from "@commander-js/extra-typings";
import type { Cli } from "../cli.ts";
import { converted } from "../convert/manifest.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { readManifests } from "../manifests.ts";

/** `convert`: manifests of the original's newer version, as they are served here. */
export const convert = (cli: Cli) =>
  new Command("convert")
    .summary("turn v1beta1 manifests into v1alpha1")
    .description(
      "Prints manifests with CloneSets of apps.kruise.io/v1beta1 turned into v1alpha1, and the autoscalers that name " +
        "them; other manifests pass unchanged. What has no equivalent, or reads differently, is said on stderr. Asks no " +
        "cluster.",
    )
    .addOption(
      new Option(
        "-f, --filename <file...>",
        "manifests, folders of them, or - for standard input",
      ).makeOptionMandatory(),
    )
    .addOption(new Option("-o, --output <format>", "form of what is printed").choices(["yaml", "json"]).default("yaml"))
    .action(async ({ filename, output }) => {
      const manifests = await readManifests(filename, cli.io);
      if (manifests.length === 0) {
        throw new Failure(`no manifest in ${filename.join(", ")}`, { exitCode: ExitCode.usage });
      }
      const objects: Record<string, unknown>[] = [];
      for (const { file, line, object, problem } of manifests) {
        // Half an output would be applied as if it were whole.
        if (object === undefined) throw new Failure(`${file}:${line}: ${problem}`);
        const { object: result, notes } = converted(object);
        const { name } = (result["metadata"] ?? {}) as { name?: string };
        for (const note of notes) cli.note(`${file}:${line}: ${String(result["kind"])}/${name ?? "?"}: ${note}`);
        objects.push(result);
      }
      if (output === "json") {
        const [only] = objects;
        const document = objects.length === 1 ? only : { apiVersion: "v1", kind: "List", items: objects };
        cli.say(JSON.stringify(document, null, 4));
        return;
      }
      const { dump } = await import("js-yaml");
      cli.io.stdout.write(objects.map((object) => dump(object, { lineWidth: -1, noRefs: true })).join("---\n"));
    });
