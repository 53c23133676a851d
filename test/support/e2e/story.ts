/**
 * The stage of one scenario file: a namespace, a controller that looks after it, kubectl, and an eye on the API.
 *
 * What users do goes through kubectl; what is looked at is read from the API directly.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { connect, isStatus, type KubeApi } from "../../cluster/kube-api.ts";
import { type KubectlResult, runKubectl } from "../../cluster/start-cluster.ts";
import { ControllerProcess } from "./controller-process.ts";
import { eventually, remains } from "./eventually.ts";
import type { Json } from "./manifests.ts";
import {
  type Claim,
  type CloneSet,
  type Event,
  isServing,
  isTerminating,
  type Pod,
  type Revision,
  versionOf,
} from "./objects.ts";
import { type PodWatch, watchPods } from "./pod-watch.ts";
import { RUN_LABEL, readSetting, type Setting } from "./setting.ts";

export interface StoryOptions {
  /** Start a controller at once, unless one is installed in the cluster; default true. */
  controller?: boolean;
}

export class Story {
  readonly setting: Setting;
  readonly namespace: string;
  readonly api: KubeApi;
  readonly #controllers: ControllerProcess[] = [];
  /** Aborted at the end, for watches that a failed test did not end. */
  readonly #over = new AbortController();

  /** Begins the story of a file; it ends by itself after the file's last test. */
  static async begin(name: string, { controller = true }: StoryOptions = {}): Promise<Story> {
    const setting = readSetting();
    const api = await connect(setting.kubeconfig, "cloneset-e2e");
    const namespace = `e2e-${name}-${randomBytes(3).toString("hex")}`;
    const metadata = { name: namespace, labels: { [RUN_LABEL]: setting.run } };
    await api.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    const story = new Story(setting, namespace, api);
    after(() => story.#end());
    await eventually("the namespace's service account", () =>
      api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`),
    );
    if (controller && !setting.installed) await story.startController();
    return story;
  }

  private constructor(setting: Setting, namespace: string, api: KubeApi) {
    this.setting = setting;
    this.namespace = namespace;
    this.api = api;
  }

  /** Starts a controller for this namespace; with `elected`, one that first wants the namespace's Lease. */
  async startController({ elected = false, flags = [] as string[] } = {}): Promise<ControllerProcess> {
    const { kubeconfig } = this.setting;
    const leaseNamespace = elected ? this.namespace : undefined;
    const controller = await ControllerProcess.start({ kubeconfig, namespace: this.namespace, leaseNamespace, flags });
    this.#controllers.push(controller);
    return controller;
  }

  /** kubectl in the story's namespace. */
  kubectl(args: string[], input?: string): Promise<KubectlResult> {
    const { kubectl, kubeconfig } = this.setting;
    return runKubectl(kubectl, kubeconfig, ["--namespace", this.namespace, ...args], { input });
  }

  /** kubectl that is expected to succeed; returns its standard output. */
  async run(...args: string[]): Promise<string> {
    return expectSuccess(args, await this.kubectl(args));
  }

  async apply(...manifests: Json[]): Promise<string> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
    const args = ["apply", "-f", "-"];
    return expectSuccess(args, await this.kubectl(args, list));
  }

  /** A merge patch of `spec`. */
  async patchSpec(name: string, spec: Json): Promise<void> {
    await this.run("patch", "clone", name, "--type=merge", "-p", JSON.stringify({ spec }));
  }

  async patchJson(name: string, patch: Json[]): Promise<void> {
    await this.run("patch", "clone", name, "--type=json", "-p", JSON.stringify(patch));
  }

  /** Why scenarios about a resource must be skipped here; false if the API server serves it. */
  async lacks(groupVersion: string, resource: string): Promise<string | false> {
    const { resources } = await this.api.get<{ resources: { name: string }[] }>(groupVersion);
    return resources.some(({ name }) => name === resource) ? false : `the API server serves no ${resource}`;
  }

  cloneSet(name: string): Promise<CloneSet> {
    return this.api.get(`/apis/apps.kruise.io/v1alpha1/namespaces/${this.namespace}/clonesets/${name}`);
  }

  /** Every pod with the label `app: NAME`, terminating ones too, by name. */
  allPods(app: string): Promise<Pod[]> {
    return this.#list<Pod>("api/v1", "pods", app);
  }

  /** Those that are not on their way out. */
  async pods(app: string): Promise<Pod[]> {
    return (await this.allPods(app)).filter((pod) => !isTerminating(pod));
  }

  async pod(name: string): Promise<Pod | undefined> {
    return this.api.get<Pod>(`/api/v1/namespaces/${this.namespace}/pods/${name}`).catch((error: unknown) => {
      if (isStatus(error, 404)) return undefined;
      throw error;
    });
  }

  /** Every claim with the label `app: NAME`, terminating ones too, by name. */
  claims(app: string): Promise<Claim[]> {
    return this.#list<Claim>("api/v1", "persistentvolumeclaims", app);
  }

  revisions(app: string): Promise<Revision[]> {
    return this.#list<Revision>("apis/apps/v1", "controllerrevisions", app);
  }

  /** Events about an object of that name. */
  async events(name: string): Promise<Event[]> {
    const path = `/api/v1/namespaces/${this.namespace}/events`;
    const { items } = await this.api.get<{ items: Event[] }>(path);
    return items.filter(({ involvedObject }) => involvedObject.name === name);
  }

  /** Exactly `count` pods exist, all in service, none on its way out; with a version, all of that one, as the newest. */
  settled(app: string, count: number, version?: string): Promise<Pod[]> {
    const what = `${count} pods of ${app} in service${version === undefined ? "" : ` at ${version}`}`;
    return this.eventually(what, async () => {
      const pods = await this.allPods(app);
      const serving = pods.filter(isServing);
      assert.deepEqual({ pods: pods.length, serving: serving.length }, { pods: count, serving: count });
      if (version !== undefined) {
        assert.deepEqual([...new Set(pods.map(versionOf))], count === 0 ? [] : [version]);
      }
      const { metadata, status } = await this.cloneSet(app);
      const { observedGeneration, replicas, availableReplicas, updatedAvailableReplicas, terminatingReplicas } = status;
      const updated = version === undefined ? updatedAvailableReplicas : count;
      assert.deepEqual(
        { observedGeneration, replicas, availableReplicas, updatedAvailableReplicas, terminatingReplicas },
        {
          observedGeneration: metadata.generation,
          replicas: count,
          availableReplicas: count,
          updatedAvailableReplicas: updated,
          terminatingReplicas: 0,
        },
        "the status says so too",
      );
      return pods;
    });
  }

  eventually<T>(what: string, check: () => Promise<T> | T, withinMs?: number): Promise<T> {
    return eventually(what, check, { withinMs, diagnosis: () => this.diagnosis() });
  }

  remains(what: string, check: () => unknown): Promise<void> {
    return remains(what, check, { diagnosis: () => this.diagnosis() });
  }

  /** An eye on the pods that checks at every event that at least `floor` of them serve. It sees all that exist now. */
  async watchPods(app: string, floor = 0, count?: (pod: Pod) => boolean): Promise<PodWatch> {
    const watch = watchPods(this.api, { namespace: this.namespace, app, floor, count, over: this.#over.signal });
    const pods = await this.allPods(app);
    await this.eventually("the watch to see the pods", () => {
      for (const { metadata } of pods) assert.ok(watch.everSeen().has(metadata.uid), metadata.name);
    });
    return watch;
  }

  /** What a person would look at first. */
  async diagnosis(): Promise<string> {
    const commands = [
      ["get", "clone,pods,pvc,controllerrevisions", "--output=wide", "--show-labels"],
      ["describe", "clone"],
      ["get", "events", "--sort-by=.lastTimestamp"],
    ];
    const outputs = await Promise.all(commands.map((args) => this.kubectl(args)));
    const sections = outputs.map(
      ({ stdout, stderr }, index) => `--- kubectl ${commands[index]?.join(" ")}\n${stdout}${stderr}`,
    );
    const logs = this.#controllers.map(
      (controller, index) => `--- log of controller ${index + 1}\n${controller.tail()}`,
    );
    return [...sections, ...logs].join("\n");
  }

  async #list<T>(group: string, resource: string, app: string): Promise<T[]> {
    const path = `/${group}/namespaces/${this.namespace}/${resource}?labelSelector=app%3D${app}`;
    return (await this.api.get<{ items: T[] }>(path)).items;
  }

  async #end(): Promise<void> {
    const faults = this.#controllers.flatMap(({ faults: list }) => list);
    this.#over.abort();
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    await this.api.delete(`/api/v1/namespaces/${this.namespace}`);
    await this.api.close();
    assert.deepEqual(faults, [], "the controller logged no errors");
  }
}

function expectSuccess(args: string[], { code, stdout, stderr }: KubectlResult): string {
  assert.equal(code, 0, `kubectl ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
