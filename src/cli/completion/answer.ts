import { KubeConfig } from "@kubernetes/client-node";
import { KIND } from "../../api/constants.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { NAMESPACES, PODS } from "../../kube/resources.ts";
import type { Cluster } from "../cluster.ts";
import { cloneSetName } from "../names.ts";
import type { Question, Word } from "./question.ts";

/** Numbers that shells know from Cobra: whether files may be offered as well. */
export const Directive = { files: 0, noFiles: 4 } as const;

const FORMATS = ["table", "wide", "json", "yaml", "name", "jsonpath="];

/** The words that may stand there. Asks the cluster only where the placeholder wants it. */
export async function answer(question: Question, cluster: () => Promise<Cluster>): Promise<Word[]> {
  const { words, what, partial, before } = question;
  const listed = before.split(/[=,]/);
  const all = [...words, ...(await named(what, question, cluster))];
  return all.filter(({ text }) => text.startsWith(partial) && !listed.includes(text));
}

export function directiveOf({ what }: Question): number {
  return what === "file" ? Directive.files : Directive.noFiles;
}

async function named(
  what: string,
  { operands, connection, words }: Question,
  cluster: () => Promise<Cluster>,
): Promise<Word[]> {
  const [name] = operands;
  switch (what) {
    case "cloneset":
      return await cloneSets(await cluster());
    case "cloneset-or-pod": {
      const asked = await cluster();
      return [...(await cloneSets(asked)), ...(await pods(asked, undefined))];
    }
    case "pod":
      return await pods(await cluster(), name);
    case "revision":
      return name === undefined ? [] : await revisions(await cluster(), name);
    case "container":
      return name === undefined ? [] : await containers(await cluster(), name);
    case "container=image":
      return name === undefined
        ? []
        : (await containers(await cluster(), name)).map(({ text, ...more }) => ({ text: `${text}=`, ...more }));
    case "namespace":
      return await namespaces(await cluster());
    case "context":
      return contexts(connection["kubeconfig"]);
    case "format":
      // A verb with a list of its own has said it.
      return words.length > 0 ? [] : FORMATS.map((text) => ({ text }));
    default:
      return [];
  }
}

async function namespaces({ client, limits }: Cluster): Promise<Word[]> {
  return texts((await client.list(NAMESPACES, limits)).items);
}

async function cloneSets(cluster: Cluster): Promise<Word[]> {
  return texts(await cluster.cloneSets());
}

/** Those of the CloneSet, if one stands in the line; else those of all CloneSets. */
async function pods(cluster: Cluster, cloneSet: string | undefined): Promise<Word[]> {
  const { items } = await cluster.client.list(PODS, { namespace: cluster.namespace, ...cluster.limits });
  const wanted = cloneSet === undefined ? undefined : cloneSetName(cloneSet);
  const ours = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(
      ({ kind, name, controller }) => controller && kind === KIND && (wanted === undefined || name === wanted),
    ),
  );
  return texts(ours);
}

async function revisions(cluster: Cluster, cloneSet: string): Promise<Word[]> {
  const object = await cluster.cloneSet(cloneSetName(cloneSet));
  const known = await cluster.revisionsOf(object);
  return known.map(({ revision, metadata }) => ({ text: String(revision), description: metadata.name })).reverse();
}

async function containers(cluster: Cluster, cloneSet: string): Promise<Word[]> {
  const { spec } = await cluster.cloneSet(cloneSetName(cloneSet));
  const { containers: listed = [] } = (spec?.template?.spec ?? {}) as {
    containers?: { name: string; image?: string }[];
  };
  return listed.map(({ name, image = "" }) => ({ text: name, description: image }));
}

function contexts(kubeconfig: string | undefined): Word[] {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  return config.getContexts().map(({ name }) => ({ text: name }));
}

function texts(objects: readonly KubeObject[]): Word[] {
  return objects.map(({ metadata }) => ({ text: metadata.name }));
}
