import type { Condition, ContainerStatus, Pod } from "./pod.ts";
import type { Scene } from "./scene.ts";

/** Only the conditions that change: those of others, readiness gates above all, are not the kubelet's to write. */
export function nextConditions(scene: Scene, initContainers: ContainerStatus[], containers: ContainerStatus[]) {
  const { pod } = scene;
  const unready = [...initContainers, ...containers].filter(({ ready }) => !ready).map(({ name }) => name);
  const initialized = initContainers.every(({ ready }) => ready);
  const containersReady: Condition =
    unready.length === 0
      ? { type: "ContainersReady", status: "True" }
      : {
          type: "ContainersReady",
          status: "False",
          reason: "ContainersNotReady",
          message: `containers with unready status: [${unready.join(" ")}]`,
        };
  const wanted: Condition[] = [
    { type: "PodReadyToStartContainers", status: "True" },
    {
      type: "Initialized",
      status: initialized ? "True" : "False",
      ...(initialized ? {} : { reason: "ContainersNotInitialized" }),
    },
    readyCondition(pod, containersReady),
    containersReady,
    { type: "PodScheduled", status: "True" },
    ...resizeConditions(scene),
  ];
  const conditions = pod.status.conditions ?? [];
  const changed: unknown[] = wanted.flatMap((want) => {
    const old = conditions.find(({ type }) => type === want.type);
    const unchanged =
      old?.status === want.status &&
      (old.reason ?? "") === (want.reason ?? "") &&
      (old.message ?? "") === (want.message ?? "") &&
      old.observedGeneration === pod.metadata.generation;
    if (unchanged) return [];
    return [
      {
        ...want,
        // A merge keeps what is not said, so that a reason which no longer holds is taken back in so many words.
        reason: want.reason ?? null,
        message: want.message ?? null,
        observedGeneration: pod.metadata.generation,
        ...(old?.status === want.status ? {} : { lastTransitionTime: scene.now }),
      },
    ];
  });
  for (const type of ["PodResizePending", "PodResizeInProgress"]) {
    const isOver = conditions.some((old) => old.type === type) && !wanted.some((want) => want.type === type);
    if (isOver) changed.push({ type, $patch: "delete" });
  }
  return changed;
}

function readyCondition(pod: Pod, containersReady: Condition): Condition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = pod.status.conditions?.find(({ type }) => type === conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (gate.status === "True") return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  if (messages.length === 0) return { type: "Ready", status: "True" };
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}

function resizeConditions(scene: Scene): Condition[] {
  switch (scene.resize) {
    case "none":
      return [];
    case "inProgress":
      return [{ type: "PodResizeInProgress", status: "True" }];
    case "deferred":
      return [
        { type: "PodResizePending", status: "True", reason: "Deferred", message: "Node didn't have enough room" },
      ];
    case "infeasible":
      return [
        { type: "PodResizePending", status: "True", reason: "Infeasible", message: "Node has too little capacity" },
      ];
  }
}
