import type { Container, ContainerStatus, Pod, PodCondition } from "../../../src/api/pod.ts";

/** A condition that has held since the epoch plus one second. */
export function is(status: string, more: Partial<PodCondition> = {}): PodCondition {
  return { status, lastTransitionMs: 1000, ...more };
}

export const IN_SERVICE = { InPlaceUpdateReady: is("True"), ContainersReady: is("True"), Ready: is("True") };

export function aContainer(name: string, image: string): Container {
  return { name, image };
}

/** The status of a container that runs well. */
export function running(name: string, image: string, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name,
    image,
    imageID: `id-of-${image}`,
    containerID: `containerd://${name}-1`,
    ready: true,
    restartCount: 0,
    state: "running",
    ...more,
  };
}

/** A pod of one container `main` at image i:1, on revision web-old, in service, with the gate. */
export function aPod(more: Partial<Pod> = {}): Pod {
  return {
    namespace: "default",
    name: "web-x",
    uid: "pod-uid",
    resourceVersion: "10",
    generation: 1,
    createdMs: 0,
    labels: {
      "controller-revision-hash": "web-old",
      "pod-template-hash": "old",
      "lifecycle.apps.kruise.io/state": "Normal",
    },
    annotations: {},
    finalizers: [],
    owners: [],
    ownerUids: [],
    claimNames: [],
    readinessGates: ["InPlaceUpdateReady"],
    containers: [aContainer("main", "i:1")],
    initContainers: [],
    phase: "Running",
    observedGeneration: 1,
    conditions: IN_SERVICE,
    containerStatuses: [running("main", "i:1")],
    initContainerStatuses: [],
    ...more,
  };
}
