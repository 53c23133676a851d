import packageJson from "../../../package.json" with { type: "json" };
import type { RuleId } from "../../rules/catalog.ts";
import { catalog } from "../../rules/catalog.ts";
import type { Finding } from "./finding.ts";

/** SARIF 2.1.0, which code hosts show beside the lines of a change. */
export function sarif(findings: readonly Finding[]): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "kubectl-cloneset",
            version: packageJson.version,
            rules: rules.map((id) => ({ id, ...description(id) })),
          },
        },
        results: findings.map(({ rule, level, file, line, object, message }) => ({
          ruleId: rule,
          ruleIndex: rules.indexOf(rule),
          level,
          message: { text: object === "" ? message : `${object}: ${message}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file === "-" ? "stdin" : encodeURI(file) },
                region: { startLine: line },
              },
            },
          ],
        })),
      },
    ],
  };
}

function description(id: string): { shortDescription?: { text: string } } {
  if (!Object.hasOwn(catalog, id)) return {};
  const { field, says } = catalog[id as RuleId];
  return { shortDescription: { text: `${field} ${says}` } };
}
