/** A pod, and what its status says, as a kubelet sees them. */

export interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

export interface ContainerSpec {
  name: string;
  image: string;
  resources?: Resources;
  resizePolicy?: { resourceName: string; restartPolicy: string }[];
  restartPolicy?: string;
}

export interface Terminated {
  exitCode: number;
  reason: string;
  containerID?: string;
  startedAt: string;
  finishedAt: string;
}

export interface ContainerState {
  running?: { startedAt: string };
  waiting?: { reason: string; message?: string };
  terminated?: Terminated;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
  resources?: Resources;
  allocatedResources?: Record<string, string>;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
}

export interface Pod {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
  };
  spec: {
    nodeName?: string;
    containers: ContainerSpec[];
    initContainers?: ContainerSpec[];
    readinessGates?: { conditionType: string }[];
    schedulingGates?: unknown[];
  };
  status: {
    phase?: string;
    podIP?: string;
    startTime?: string;
    observedGeneration?: number;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}
