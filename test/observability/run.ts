/** Checks the alert rules and runs their unit tests: `npm run alerts`. Takes promtool from the PATH, else from Debian's package. */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RULES = fileURLToPath(new URL("../../deploy/chart/files/alerts.yaml", import.meta.url));
const TESTS = fileURLToPath(new URL("alerts.test.yaml", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "cloneset-alerts-"));
try {
  const promtool = findPromtool();
  copyFileSync(RULES, join(folder, "alerts.yaml"));
  copyFileSync(TESTS, join(folder, "alerts.test.yaml"));
  execFileSync(promtool, ["check", "rules", "alerts.yaml"], { cwd: folder, stdio: "inherit" });
  execFileSync(promtool, ["test", "rules", "alerts.test.yaml"], { cwd: folder, stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function findPromtool(): string {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    return "promtool";
  } catch {
    // Unpacked, not installed: the package would start a server.
    execFileSync("apt-get", ["download", "prometheus"], { cwd: folder, stdio: ["ignore", "inherit", "ignore"] });
    const [deb = ""] = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    execFileSync("dpkg", ["-x", deb, "unpacked"], { cwd: folder });
    return join(folder, "unpacked/usr/bin/promtool");
  }
}
