// Writes the dashboards as Grafana imports them, or with --check says whether they are what dashboards.ts makes.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { DASHBOARDS } from "./dashboards.ts";
import { grafanaJson } from "./grafana.ts";

for (const dashboard of DASHBOARDS) {
  const file = new URL(`${dashboard.uid}.json`, import.meta.url);
  const text = `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`;
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    process.stderr.write(`${file.pathname} is not what its inputs make: run npm run dashboards\n`);
    process.exitCode = 1;
  }
}
