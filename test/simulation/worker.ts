/** A thread that plays scenarios, maybe with a controller that is broken on purpose. */
import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Mutation } from "./museum.ts";
import type { Scenario } from "./scenario.ts";

const mutation = workerData as Mutation | undefined;
if (mutation) mutate(mutation);
const { play } = await import("./world.ts");

parentPort?.on("message", (scenario: Scenario) => {
  void play(scenario).then((run) => parentPort?.postMessage(run));
});

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
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}
