import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Mutation } from "./museum.ts";
import type { Scenario } from "./scenario.ts";
import type { Run } from "./world.ts";

/** What a worker is asked: seeds from, from + step, … */
export interface Task {
  from: number;
  step: number;
  mutation: Mutation | undefined;
}

/** What it says after each seed. */
export interface Report extends Run {
  seed: number;
}

const { from, step, mutation } = workerData as Task;
if (mutation) mutate(mutation);
const { generate } = await import("./generate.ts");
const { play } = await import("./world.ts");

const known =
  mutation?.case === undefined ? undefined : await import(`./cases/${mutation.case}`, { with: { type: "json" } });
for (let seed = from; ; seed += step) {
  const isFirst = seed === from && known !== undefined;
  const run = await play(isFirst ? (known as { default: { scenario: Scenario } }).default.scenario : generate(seed));
  const report: Report = { ...run, story: run.violation ? run.story : [], seed };
  parentPort?.postMessage(report);
}

/** Changes the production code as it is loaded. A text that is not there any more is a fault of the list. */
function mutate({ edits }: Mutation): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const here = edits.filter(({ file }) => url.endsWith(`/src/${file}`));
      if (here.length === 0) return loaded;
      let source = Buffer.from((loaded.source ?? "") as Uint8Array).toString();
      for (const { file, find, replace } of here) {
        if (!source.includes(find))
          throw new Error(`Cannot mutate ${file}: want it to contain ${JSON.stringify(find)}`);
        source = source.replace(find, replace);
      }
      return { ...loaded, source };
    },
  });
}
