import { after, before } from "node:test";
import { editVerbs } from "../../support/cli/edit-verbs.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

editVerbs(() => plugin);
