// Writes argocd-cm.yaml, or with --check says whether it is what the scripts make.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { argoSettings } from "./settings.ts";

const file = new URL("argocd-cm.yaml", import.meta.url);
const text = argoSettings();
if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
  process.stderr.write(`${file.pathname} is not what its inputs make: run npm run argocd\n`);
  process.exitCode = 1;
}
