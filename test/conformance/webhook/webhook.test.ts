// The webhook behind a real API server, as kubectl users meet it. Needs a cluster with nodes (KUBECONFIG) and kubectl.
// UPDATE_GOLDEN=1 writes test/golden/webhook-refusals.txt anew.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import { ApiError, messageOf } from "../../../src/kube/errors.ts";
import { PODS } from "../../../src/kube/resources.ts";
import { problemsOf } from "../../../src/rules/check.ts";
import { SECRETS } from "../../../webhook/keyring-secret.ts";
import { ControllerProcess } from "../../support/e2e/controller-process.ts";
import { schema } from "../../unit/webhook/reviews.ts";
import type { KubectlResult } from "./setting.ts";
import { kubectl, Setting } from "./setting.ts";
import type { TemplateCase } from "./template-corpus.ts";
import { templateCases } from "./template-corpus.ts";

const MANIFESTS = new URL("../../manifests/", import.meta.url);
const GOLDEN = new URL("../../golden/webhook-refusals.txt", import.meta.url);
const CRD = fileURLToPath(new URL("../../../crds/cloneset.yaml", import.meta.url));
/** Nulls are dropped from a plain request, but server-side apply refuses them. */
const CLIENT_SIDE_ONLY = new Set(["nulls.yaml"]);

const kubeconfig = process.env["KUBECONFIG"];
const skip = kubeconfig ? false : "no cluster: set KUBECONFIG to a file that names one";

describe("the webhook at a real API server", { skip, timeout: 600_000 }, () => {
  let setting: Setting;
  const namespace = `webhook-${process.pid}`;
  const here = (...args: string[]): Promise<KubectlResult> => kubectl(["-n", namespace, ...args]);

  before(async () => {
    await kubectl(["apply", "-f", CRD]);
    await kubectl(["wait", "--for=condition=Established", "crd/clonesets.apps.kruise.io", "--timeout=30s"]);
    setting = await Setting.open(namespace);
    await setting.serve(namespace);
  });
  after(async () => setting.close());

  test("each bad manifest is refused with the words in test/golden/webhook-refusals.txt", async () => {
    const sections: string[] = [];
    for (const directory of ["invalid", "refused-by-webhook"]) {
      for (const file of yamlFiles(directory)) {
        const { code, output } = await here("apply", "--dry-run=server", "-f", pathOf(directory, file));
        assert.notEqual(code, 0, `${file}: ${output}`);
        sections.push(`## ${directory}/${file}\n${output.replaceAll(pathOf(directory, file), file).trim()}\n`);
      }
    }
    const text = sections.join("\n");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(GOLDEN, text);
    assert.equal(text, readFileSync(GOLDEN, "utf8"));
  });

  for (const flags of [[], ["--server-side"]]) {
    const how = flags[0] ?? "client-side";
    for (const file of yamlFiles("valid")) {
      if (flags.length > 0 && CLIENT_SIDE_ONLY.has(file)) continue;
      test(`valid/${file} passes ${how} apply twice, and the stored spec stays the same`, async () => {
        const apply = () => here("apply", ...flags, "-f", pathOf("valid", file));
        const first = await apply();
        assert.equal(first.code, 0, first.output);
        const stored = await specOf(file);
        const second = await apply();
        assert.equal(second.code, 0, second.output);
        assert.deepEqual(await specOf(file), stored);
        await here("delete", "-f", pathOf("valid", file), "--wait=true");
      });
    }
  }

  async function specOf(file: string): Promise<unknown> {
    const { metadata } = load(readFileSync(pathOf("valid", file), "utf8")) as { metadata: { name: string } };
    const { stdout } = await here("get", "clone", metadata.name, "-o", "json");
    return (JSON.parse(stdout) as { spec: unknown }).spec;
  }

  test(`${templateCases.length} templates are judged as an API server judges pods`, async () => {
    const surprises: string[] = [];
    let differences = 0;
    for (const given of templateCases) {
      const { metadata, spec } = templateOf(given);
      const object = {
        apiVersion: "apps.kruise.io/v1alpha1",
        kind: "CloneSet",
        metadata: { name: "web" },
        spec: { selector: { matchLabels: { app: "web" } }, template: { metadata, spec } },
      };
      const ours = fieldsText(problemsOf({ object, length: 0 }, schema).map(({ field }) => field));
      const server = fieldsText(await judgedByServer(metadata, spec));
      const isVerdictSame = (ours === "") === (server === "");
      if (given.otherField ?? given.otherVerdict) differences++;
      const isExpected =
        given.otherVerdict !== undefined
          ? !isVerdictSame
          : given.otherField !== undefined
            ? isVerdictSame && ours !== server
            : ours === server;
      if (!isExpected) surprises.push(`${given.name}: ours "${ours}", the server's "${server}"`);
    }
    assert.deepEqual(surprises, []);
    process.stdout.write(`# ${templateCases.length} templates, ${differences} listed differences\n`);
  });

  async function judgedByServer(metadata: object, spec: object): Promise<string[]> {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "web", namespace }, spec };
    try {
      await setting.client.create(PODS, pod, { dryRun: true });
      return [];
    } catch (error) {
      if (!(error instanceof ApiError) || error.code >= 500) throw error;
      const causes = error.details.causes ?? [];
      return causes.length === 0 ? ["no field"] : causes.map(({ field = "" }) => field);
    }
  }

  test("kubectl shows warnings, and what may not change is refused", async () => {
    await here("apply", "-f", pathOf("valid", "in-place.yaml"), "-f", pathOf("valid", "in-place-only.yaml"));
    const patch = (name: string, spec: object) =>
      here("patch", "clone", name, "--type=merge", "-p", JSON.stringify({ spec }));
    const other = { template: { spec: { terminationGracePeriodSeconds: 5 } } };
    assert.match(
      (await patch("in-place", other)).output,
      /Warning: .*terminationGracePeriodSeconds: this change re-creates/,
    );
    const refused = await patch("in-place-only", other);
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.output,
      /is invalid: spec\.template\.spec\.terminationGracePeriodSeconds: Forbidden: with type InPlaceOnly/,
    );
    const image = '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"web:9"}]';
    for (const name of ["in-place", "in-place-only"]) {
      const result = await here("patch", "clone", name, "--type=json", "-p", image);
      assert.equal(result.code, 0, result.output);
      assert.match(result.output, /Warning: spec\.template: this change is made in place/);
    }
    const named = await patch("in-place", { scaleStrategy: { podsToDelete: ["nobody"] } });
    assert.equal(named.code, 0);
    assert.match(named.output, /Warning: .*no pod has this name: nobody/);
  });

  test("a protected CloneSet is not deleted, in a dry run either", async () => {
    await here("apply", "-f", pathOf("valid", "minimal.yaml"));
    await here("label", "clone", "minimal", "policy.kruise.io/delete-protection=Cascading");
    for (const flags of [[], ["--dry-run=server"]]) {
      const { code, output } = await here("delete", "clone", "minimal", ...flags);
      assert.equal(code, 1);
      assert.match(output, /\(Forbidden\).*delete-protection=Cascading while spec\.replicas is above 0/);
    }
    await here("scale", "clone", "minimal", "--replicas=0");
    assert.equal((await here("delete", "clone", "minimal")).code, 0);
  });

  test("it is ready only once API servers know its authority", async () => {
    const reply = await setting.health.routes()["/readyz"]?.(new URLSearchParams("verbose"));
    assert.equal(reply?.status, 200);
    assert.match(reply.body, /\[\+\]webhook ok/);
  });
});

describe("certificates at a real API server", { skip, timeout: 300_000 }, () => {
  test("calls keep succeeding through two rotations under load, at two replicas that share one Secret", async () => {
    const namespace = `webhook-rotation-${process.pid}`;
    const setting = await Setting.open(namespace);
    // Certificates are dated an hour back; the successor is due 4 s after the making.
    const hourMs = 3_600_000;
    const lifetimes = {
      validMs: 16_000,
      renewAfter: (hourMs + 4000) / (hourMs + 16_000),
      settleMs: 2500,
      overlapMs: 2500,
    };
    try {
      // Both at once: whoever comes first makes the authority.
      await Promise.all([setting.serve(`${namespace}-a`, lifetimes), setting.serve(`${namespace}-b`, lifetimes)]);
      const served = new Set<string>();
      const failures: string[] = [];
      let calls = 0;
      const endMs = Date.now() + 200_000;
      const spec = { selector: { matchLabels: { app: "web" } }, template: templateOf({ name: "" }) };
      const object = {
        apiVersion: "apps.kruise.io/v1alpha1",
        kind: "CloneSet",
        metadata: { name: "web", namespace },
        spec,
      };
      while (served.size < 4 && Date.now() < endMs) {
        const results = await Promise.allSettled(
          Array.from({ length: 5 }, () => setting.client.create(CLONE_SETS, object as never, { dryRun: true })),
        );
        calls += results.length;
        for (const result of results) if (result.status === "rejected") failures.push(messageOf(result.reason));
        const secret = await setting.client.get(SECRETS, { namespace, name: "cloneset-webhook-certificates" });
        served.add((secret as unknown as { data: Record<string, string> }).data["tls.crt"] ?? "");
      }
      assert.deepEqual(failures, []);
      assert.ok(served.size >= 4, `${served.size} certificates in all that time`);
      process.stdout.write(`# ${calls} calls through ${served.size - 1} rotations\n`);
    } finally {
      await setting.close();
    }
  });
});

describe("with the webhook dead", { skip, timeout: 300_000 }, () => {
  for (const failurePolicy of ["Fail", "Ignore"]) {
    test(`failurePolicy ${failurePolicy}: rollouts, scaling and pods go on`, async () => {
      const namespace = `webhook-dead-${failurePolicy.toLowerCase()}-${process.pid}`;
      const setting = await Setting.open(namespace);
      const here = (...args: string[]) => kubectl(["-n", namespace, ...args]);
      const webhook = await setting.serve(namespace, undefined, failurePolicy);
      const controller = await ControllerProcess.start({ kubeconfig: kubeconfig ?? "", namespace });
      try {
        const spec = {
          replicas: 3,
          minReadySeconds: 2,
          selector: { matchLabels: { app: "web" } },
          updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1 },
          template: templateOf({ name: "" }),
        };
        const object = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", metadata: { name: "web" }, spec };
        assert.equal((await kubectl(["-n", namespace, "create", "-f", "-"], JSON.stringify(object))).code, 0);
        await here("wait", "clone/web", "--for=jsonpath={.status.availableReplicas}=3", "--timeout=120s");
        const image = '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"app:2"}]';
        assert.equal((await here("patch", "clone", "web", "--type=json", "-p", image)).code, 0);
        await webhook.stop();
        const rolled = await here(
          "wait",
          "clone/web",
          "--for=jsonpath={.status.updatedAvailableReplicas}=3",
          "--timeout=120s",
        );
        assert.equal(rolled.code, 0, rolled.output);
        assert.equal((await here("scale", "clone", "web", "--replicas=5")).code, 0);
        const scaled = await here(
          "wait",
          "clone/web",
          "--for=jsonpath={.status.availableReplicas}=5",
          "--timeout=120s",
        );
        assert.equal(scaled.code, 0, scaled.output);
        assert.equal((await here("run", "plain", "--image=app:1", "--restart=Never")).code, 0);
        const hpa = await here("autoscale", "clone", "web", "--min=1", "--max=5", "--cpu-percent=50");
        assert.equal(hpa.code, 0, hpa.output);

        const write = await here("patch", "clone", "web", "--type=merge", "-p", '{"spec":{"minReadySeconds":1}}');
        const wrong = await here(
          "patch",
          "clone",
          "web",
          "--type=merge",
          "-p",
          '{"spec":{"updateStrategy":{"partition":"x"}}}',
        );
        assert.notEqual(wrong.code, 0, "the CRD holds without the webhook");
        if (failurePolicy === "Ignore") assert.equal(write.code, 0, write.output);
        else assert.match(write.output, /failed calling webhook/);
        // Nobody waits for us to delete what is not labelled.
        assert.equal((await here("delete", "clone", "web", "--wait=false")).code, 0);
        assert.deepEqual(controller.faults, []);
      } finally {
        await controller.stop();
        await setting.close();
      }
    });
  }
});

function templateOf({ metadata, spec }: TemplateCase): { metadata: object; spec: object } {
  return {
    metadata: { ...metadata, labels: { app: "web", ...(metadata?.["labels"] as object | undefined) } },
    spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
  };
}

/** Of pods and of templates alike. The schema names a bad label by its key, the server does not. */
function fieldsText(fields: readonly string[]): string {
  const plain = fields.map((field) =>
    field.replace(/^spec\.template\./, "").replace(/^metadata\.labels\..*/, "metadata.labels"),
  );
  return [...new Set(plain)].sort().join(", ");
}

function yamlFiles(directory: string): string[] {
  return readdirSync(new URL(`${directory}/`, MANIFESTS))
    .filter((file) => file.endsWith(".yaml"))
    .sort();
}

function pathOf(directory: string, file: string): string {
  return fileURLToPath(new URL(`${directory}/${file}`, MANIFESTS));
}
