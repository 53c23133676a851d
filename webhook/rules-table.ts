import { catalog } from "../src/rules/catalog.ts";
import { PROBLEM_KINDS } from "../src/rules/problem-kinds.ts";

/** docs/admission-rules.md, from the catalog. `examples` has a message per rule, as a user sees it. */
export function rulesTable(examples: ReadonlyMap<string, string>): string {
  const rows = Object.entries(catalog).map(([id, { field, kind, says }]) => {
    const message = examples.get(id) ?? `${PROBLEM_KINDS[kind].says}: ${says}`;
    return `| ${id} | ${cell(field)} | ${message.replaceAll("|", "\\|").replaceAll("*", "\\*")} |`;
  });
  return `<!-- Written by \`node webhook/generate.ts\` from src/rules/catalog.ts; edit that. -->

# What is refused, and what is warned about

Three parties judge a CloneSet, in this order:

1. The API server, by the schema and the rules in \`crds/cloneset.yaml\`: types, ranges, words, and the most important rules below. This
   holds without any webhook.
2. The admission webhook, by the ${rows.length} rules below. It judges the pod template as an API server judges pods, so that a mistake is said at
   once and not by pods that cannot be created. All problems are said together.
3. The controller, by what it needs to do no harm: a name that fits into labels, a selector that matches the template.

An update is refused only for what it makes worse: a problem that the stored object has as well is a warning. A CloneSet that is being
deleted is not judged. Fields that are newer than this program pass.

## Rules

\`[*]\` is any element, \`<list>\` is containers or initContainers, \`**\` is any path.

| Rule | Field | Message, for example |
| --- | --- | --- |
${rows.join("\n")}

## Warnings

Shown by kubectl, never a reason to refuse. Those that the stored object would give as well are not repeated.

- A changed template: made in place, or re-creating the pods, and for which field; the claims that are deleted with the pods.
- A changed template together with new names in \`podsToDelete\`: clients that rewrite what they read do this by mistake.
- Changed claim templates, which only new pods use.
- Names in \`podsToDelete\` that are no pod, not a pod of this CloneSet, or being deleted already.
- \`maxUnavailable\` that comes to 0 pods; \`partition\` above \`replicas\`.
- \`partition\` that falls to 0, or \`replicas\` that falls to 1, because the field was left out of what was applied.
- A switch to an in-place type while pods run that have no readiness gate.
- A name too long for labels; an image without a tag; claim templates no claim can be made from; hooks that no pod can meet; settings
  without effect.

## Deletion

A CloneSet with the label \`policy.kruise.io/delete-protection\` is not deleted: with \`Always\` never, with \`Cascading\` not while
\`spec.replicas\` is above 0. The refusal is a 403. Deleting a namespace waits for such a CloneSet too. The webhook is asked about
deletions of labelled CloneSets only.
`;
}

function cell(field: string): string {
  return field
    .split(", spec")
    .map((part, i) => `\`${i === 0 ? part : `spec${part}`}\``)
    .join(", ")
    .replaceAll("|", "\\|");
}
