import { test } from "node:test";
import { API_VERSION, KIND } from "../../../src/api/constants.ts";
import { POD_DISRUPTION_BUDGETS } from "../../../src/cli/disruption-room.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { HORIZONTAL_POD_AUTOSCALERS } from "../../../src/kube/resources.ts";
import { assertGolden } from "../golden.ts";
import type { ClusterPlugin } from "../plugin.ts";
import { storeRollout } from "./store-rollout.ts";

const ONE_TWO = [
  { image: "app:v1", cause: "first" },
  { image: "app:v2", cause: "second" },
];

/** The verbs that read history and edit, as a user types them, the same against every API server. */
export function editVerbs(plugin: () => ClusterPlugin): void {
  const golden = (name: string, setUp: () => Promise<void>, lines: readonly string[]) => {
    void test(name, async (t) => {
      await setUp();
      const said = await plugin().transcript(...lines);
      assertGolden(t, `cli/${name}.txt`, timeless(said));
    });
  };

  golden("history", () => storeRollout(plugin(), { name: "web", versions: ONE_TWO, updated: 1 }), [
    "history web",
    "history web -o wide",
    "history web -o name",
    `history web -o 'jsonpath={range .items[*]}{.number} {.images.app} {.changeCause}{"\\n"}{end}'`,
    "history clone/web --revision 1",
    "history web --revision 1 -o 'jsonpath={.template.spec.containers[0].image}'",
    "history web --diff 1 2",
    "history web --diff 2 2",
    "history web --diff 1",
    "history web --diff 1 2 -o json",
    "history web --revision 9",
    "history web --revision first",
    "history nowhere",
    "get web -o table --filter a1",
  ]);

  golden("undo", () => storeRollout(plugin(), { name: "undone", versions: ONE_TWO, updated: 1 }), [
    "undo undone --dry-run",
    "undo undone --dry-run=client -o 'jsonpath={.spec.template.spec.containers[0].image}'",
    "undo undone --to-revision 1 -o 'jsonpath={.spec.template} {.metadata.annotations.kubernetes\\.io/change-cause}'",
    "undo undone --to-revision 1",
    "undo undone --to-revision 2 --change-cause 'not so bad' -o 'jsonpath={.metadata.annotations.kubernetes\\.io/change-cause}'",
    "undo undone --to-revision 7",
    "undo undone --to-revision last",
  ]);

  golden(
    "set",
    () =>
      storeRollout(plugin(), {
        name: "shop",
        versions: ONE_TWO.slice(0, 1),
        updateStrategy: { partition: 1 },
        claims: true,
      }),
    [
      "set image shop app=app:v2 --dry-run",
      "set image shop app=app:v2 --change-cause 'new logo'",
      "set image shop '*=app:v2'",
      "set env shop LOG_LEVEL=debug TOKEN=hunter2 -c app",
      "set env shop TOKEN- -o 'jsonpath={.spec.template.spec.containers[0].env}'",
      "set resources shop --limits=cpu=2,memory=1Gi --requests=cpu=500m -y -o name",
      "set resources shop --limits=memory=0 -o 'jsonpath={.spec.template.spec.containers[0].resources.limits}'",
      "set image shop web=app:v3",
      "set image shop app:v3",
      "set env shop LOG_LEVEL",
      "set resources shop",
      "set resources shop --limits=cpu",
      "set resources shop --limits=cpu=2x",
      "set image",
      "set",
    ],
  );

  golden(
    "set-surge",
    () =>
      storeRollout(plugin(), {
        name: "surged",
        versions: ONE_TWO.slice(0, 1),
        updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: "25%", maxSurge: "25%" },
        claims: true,
      }),
    [
      "set image surged app=app:v2 -y",
      `plan surged -o 'jsonpath={range .pods[*]}{.pod} {.fate} {.claims}{"\\n"}{end}'`,
    ],
  );

  golden("set-types", async () => {
    await storeRollout(plugin(), {
      name: "only",
      versions: ONE_TWO.slice(0, 1),
      updateStrategy: { type: "InPlaceOnly" },
    });
    await storeRollout(plugin(), {
      name: "plain",
      versions: ONE_TWO.slice(0, 1),
      updateStrategy: { type: "ReCreate", paused: true },
    });
  }, ["set image only app=app:v2", "set env only LOG_LEVEL=debug", "set image plain app=app:v2"]);

  golden(
    "promote",
    () =>
      storeRollout(plugin(), {
        name: "canary",
        versions: ONE_TWO,
        pods: 5,
        updated: 0,
        updateStrategy: { partition: "100%" },
      }),
    [
      "promote canary --preview",
      "promote canary",
      "promote canary --to 60% --preview -o 'jsonpath={range .items[*]}{.pod} {.move}{\"\\n\"}{end}'",
      "promote canary --to 60% --dry-run=client",
      "promote canary --to 60%",
      "promote canary --to 1",
      "promote canary --to 60%",
      "promote canary --to 120%",
      "promote canary --to 2 --full",
      "promote canary --full",
      "promote canary",
    ],
  );

  golden("abort", async () => {
    await storeRollout(plugin(), { name: "bad", versions: ONE_TWO, updated: 1 });
    await storeRollout(plugin(), { name: "over", versions: ONE_TWO });
    await storeRollout(plugin(), { name: "first", versions: ONE_TWO.slice(0, 1) });
  }, ["abort bad --dry-run", "abort bad", "abort bad", "abort over", "abort first"]);

  golden("restart", async () => {
    await storeRollout(plugin(), { name: "again", versions: ONE_TWO, claims: true });
    await storeRollout(plugin(), { name: "again-plain", versions: ONE_TWO, updateStrategy: { type: "ReCreate" } });
    await storeRollout(plugin(), { name: "again-only", versions: ONE_TWO, updateStrategy: { type: "InPlaceOnly" } });
  }, [
    "restart again --dry-run",
    "restart again --in-place",
    "restart again --in-place",
    "restart again-plain",
    "restart again-plain --in-place",
    "restart again-only",
    "restart again --pods again-a1,pod/again-a2 --dry-run=client",
    "restart again --pods again-a1 -o json",
    "restart again --pods other-a1",
    "restart again --pods again-a1 --in-place",
  ]);

  golden("scale-in", async () => {
    await storeRollout(plugin(), {
      name: "less",
      versions: ONE_TWO,
      pods: 4,
      claims: true,
      podsToDelete: ["less-gone", "less-a4"],
    });
    await plugin().store(HORIZONTAL_POD_AUTOSCALERS, {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "less", namespace: plugin().namespace },
      spec: { scaleTargetRef: { apiVersion: API_VERSION, kind: KIND, name: "less" }, minReplicas: 3, maxReplicas: 9 },
    } as never);
    await plugin().store(POD_DISRUPTION_BUDGETS, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "less", namespace: plugin().namespace },
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: "less" } } },
    } as KubeObject);
  }, [
    "scale-in less --pods ' less-a1, less-a2 ' --dry-run",
    "scale-in less --pods less-a1 --keep-replicas",
    "scale-in less --pods less-a1,pod/less-a2 -y",
    "scale-in less --pods less-a2 -o 'jsonpath={.spec.replicas} {.spec.scaleStrategy.podsToDelete[*]}'",
    "scale-in less --pods less-gone,less-a3",
    "scale-in less --pods ,",
    "scale-in less",
    "scale-in nowhere --pods a",
  ]);
}

/** Ages and times differ from run to run; columns keep their width. */
function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "TIME")
    .replaceAll(/\bAGE {3,}/g, "AGE   ")
    .replaceAll(/ (?:\d+[hms])+ {3,}(?=\S)/g, " 0s    ");
}
