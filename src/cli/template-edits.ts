import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { PodTemplate, ResourceRequirements, TemplateContainer } from "../api/kubernetes.ts";
import { nanoValue } from "../revision/quantity.ts";
import { ExitCode } from "./exit-code.ts";
import { Failure } from "./failure.ts";

interface EnvVariable {
  name: string;
  value?: string;
  [field: string]: unknown;
}

/** `app=app:v2` → { app: "app:v2" }; "*" stands for all containers. @throws {Failure} for anything else */
export function readImages(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, container, image] = /^([^=]+)=(.+)$/.exec(word) ?? [];
      if (container === undefined || image === undefined) throw usage(`cannot read ${word}: want container=image`);
      return [container, image];
    }),
  );
}

/** `A=1` sets, `A-` removes (null). @throws {Failure} for anything else */
export function readEnv(words: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      if (/^[^=]+-$/.test(word)) return [word.slice(0, -1), null];
      throw usage(`cannot read ${word}: want NAME=value, or NAME- to remove it`);
    }),
  );
}

const AMOUNTS: Record<string, string> = { cpu: "cpu=2 or cpu=200m", memory: "memory=512Mi or memory=2Gi" };

/** `cpu=200m,memory=512Mi`. @throws for anything else */
export function readAmounts(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").map((word) => {
      const [, name, amount] = /^([^=]+)=([^=]+)$/.exec(word.trim()) ?? [];
      if (name === undefined || amount === undefined)
        throw new InvalidArgumentError("Want amounts like cpu=200m,memory=512Mi.");
      // The server would refuse it with a regular expression, and only after the forecast.
      if ((nanoValue(amount) ?? -1n) < 0n) {
        throw new InvalidArgumentError(`"${amount}" is no amount; want e.g. ${AMOUNTS[name] ?? `${name}=1`}.`);
      }
      return [name, amount];
    }),
  );
}

/** Native sidecars and other init containers can be named too; "*" means the ordinary ones. */
export function withImages(template: PodTemplate, images: Readonly<Record<string, string>>): PodTemplate {
  const { containers, initContainers = [] } = template.spec;
  const known = [...containers, ...initContainers].map(({ name }) => name);
  for (const name of Object.keys(images)) if (name !== "*") mustKnow(name, known);
  const imageOf = (container: TemplateContainer, all: string | undefined) => {
    const image = images[container.name] ?? all;
    return image === undefined ? container : { ...container, image };
  };
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: containers.map((container) => imageOf(container, images["*"])),
      ...(initContainers.length > 0 && {
        initContainers: initContainers.map((container) => imageOf(container, undefined)),
      }),
    },
  };
}

/** A variable that has its value from elsewhere gets the plain value instead. New ones go to the end. */
export function withEnv(
  template: PodTemplate,
  variables: Readonly<Record<string, string | null>>,
  only: string | undefined,
): PodTemplate {
  return withContainers(template, only, (container) => {
    const before = (container["env"] ?? []) as EnvVariable[];
    const kept = before.flatMap((variable): EnvVariable[] => {
      const value = variables[variable.name];
      if (value === undefined || value === variable.value) return [variable];
      return value === null ? [] : [{ name: variable.name, value }];
    });
    const names = new Set(before.map(({ name }) => name));
    const added = Object.entries(variables).flatMap(([name, value]) =>
      value === null || names.has(name) ? [] : [{ name, value }],
    );
    return withMember(container, "env", [...kept, ...added]);
  });
}

/** Amounts that are not named stay; an amount of 0 is removed. */
export function withResources(
  template: PodTemplate,
  { limits, requests }: { limits?: Record<string, string> | undefined; requests?: Record<string, string> | undefined },
  only: string | undefined,
): PodTemplate {
  return withContainers(template, only, (container) => {
    const before: ResourceRequirements = container.resources ?? {};
    return withMember(container, "resources", {
      ...before,
      ...merged("limits", before.limits, limits),
      ...merged("requests", before.requests, requests),
    });
  });
}

function merged(
  member: "limits" | "requests",
  before: Record<string, string | number> | undefined,
  given: Record<string, string> | undefined,
): ResourceRequirements {
  if (given === undefined) return {};
  const amounts = Object.entries({ ...before, ...given }).filter(([name]) => given[name] !== "0");
  return amounts.length === 0 && before === undefined ? {} : { [member]: Object.fromEntries(amounts) };
}

function withContainers(
  template: PodTemplate,
  only: string | undefined,
  rewrite: (container: TemplateContainer) => TemplateContainer,
): PodTemplate {
  const { containers } = template.spec;
  if (only !== undefined)
    mustKnow(
      only,
      containers.map(({ name }) => name),
    );
  const rewritten = containers.map((container) =>
    only === undefined || container.name === only ? rewrite(container) : container,
  );
  return { ...template, spec: { ...template.spec, containers: rewritten } };
}

/** An empty list that was not there before is no change. */
function withMember(container: TemplateContainer, member: "env" | "resources", value: object): TemplateContainer {
  const isEmpty = Object.keys(value).length === 0;
  return isEmpty && container[member] === undefined ? container : { ...container, [member]: value };
}

function mustKnow(name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new Failure(`there is no container "${name}"; there are ${known.join(", ")}`);
}

function usage(message: string): Failure {
  return new Failure(message, { exitCode: ExitCode.usage });
}
