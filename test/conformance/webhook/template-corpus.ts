// Pod templates, good and bad, that the webhook must judge as an API server judges pods.

type Json = unknown;
type Members = { [name: string]: Json };

/** Why both may be right although they name other fields, or say something else. */
const SERVER_DEFAULTS = "the server has copied limits to requests, and says it of both";
const SERVER_PATH = "the server's path leaves out a part; ours is the path in the manifest";

/** A pod to be: what differs from a plain one. */
export interface TemplateCase {
  name: string;
  metadata?: Members;
  spec?: Members;
  /** Why the webhook names other fields than the server. */
  otherField?: string;
  /** Why the webhook's verdict is another one. */
  otherVerdict?: string;
}

const app = (more: Members = {}): Members => ({ name: "app", image: "app:1", ...more });
/** One container with something more. */
const container = (name: string, more: Members, spec: Members = {}): TemplateCase => ({
  name,
  spec: { containers: [app(more)], ...spec },
});
const pod = (name: string, spec: Members): TemplateCase => ({ name, spec });
const volume = (name: string, source: Members): TemplateCase => pod(name, { volumes: [{ name: "v", ...source }] });
const env = (name: string, variable: Members): TemplateCase => container(name, { env: [{ name: "A", ...variable }] });
const mount = (name: string, more: Members): TemplateCase =>
  container(
    name,
    { volumeMounts: [{ name: "v", mountPath: "/v", ...more }] },
    { volumes: [{ name: "v", emptyDir: {} }] },
  );
const resources = (name: string, limits: Members, requests: Members): TemplateCase =>
  container(name, { resources: { limits, requests } });
const init = (name: string, more: Members): TemplateCase =>
  pod(name, { initContainers: [{ name: "init", image: "init:1", ...more }] });
const nodeAffinity = (name: string, affinity: Members): TemplateCase =>
  pod(name, { affinity: { nodeAffinity: affinity } });
const required = (expression: Members): Members => ({
  requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
});
const long = (length: number): string => "a".repeat(length);

export const templateCases: TemplateCase[] = [
  pod("plain", {}),
  // Metadata.
  { name: "label key with two slashes", metadata: { labels: { "a/b/c": "x" } } },
  { name: "label key too long", metadata: { labels: { [long(64)]: "x" } } },
  { name: "label key with a capital domain", metadata: { labels: { "Example.com/a": "x" } } },
  { name: "label value with a space", metadata: { labels: { a: "b c" } } },
  { name: "label value too long", metadata: { labels: { a: long(64) } } },
  { name: "label value empty", metadata: { labels: { a: "" } } },
  { name: "annotation key with a capital domain", metadata: { annotations: { "Example.com/a": "anything at all\n" } } },
  { name: "annotation key empty", metadata: { annotations: { "": "x" } } },
  { name: "annotations too long", metadata: { annotations: { a: "x".repeat(262_145) } } },
  { name: "deletion cost", metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-100" } } },
  {
    name: "deletion cost not a number",
    metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "high" } },
  },
  {
    name: "deletion cost with a plus",
    metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "+10" } },
  },
  {
    name: "deletion cost too large",
    metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "2147483648" } },
  },
  { name: "finalizer", metadata: { finalizers: ["example.com/hold"] } },
  { name: "finalizer without a domain", metadata: { finalizers: ["hold"] } },
  { name: "finalizer malformed", metadata: { finalizers: ["example.com/-"] } },

  // Containers.
  pod("no containers", { containers: [] }),
  container("container name with a capital", { name: "App" }),
  container("container name too long", { name: long(64) }),
  container("container name empty", { name: "" }),
  pod("two containers of one name", { containers: [app(), app()] }),
  pod("init container named as a container", { initContainers: [app()] }),
  container("no image", { image: "" }),
  container("image with white space", { image: " app:1" }),
  container("pull policy unknown", { imagePullPolicy: "Sometimes" }),
  container("termination message policy unknown", { terminationMessagePolicy: "Mail" }),
  init("init container with a readiness probe", { readinessProbe: { exec: { command: ["true"] } } }),
  init("init container with a hook", { lifecycle: { preStop: { exec: { command: ["true"] } } } }),
  init("sidecar with probe and hook", {
    restartPolicy: "Always",
    readinessProbe: { exec: { command: ["true"] } },
    lifecycle: { preStop: { exec: { command: ["true"] } } },
  }),
  init("init container restart policy unknown", { restartPolicy: "Perhaps" }),
  init("init container that is not restarted", { restartPolicy: "Never" }),

  // Ports.
  container("port 0", { ports: [{ containerPort: 0 }] }),
  container("port 65536", { ports: [{ containerPort: 65_536 }] }),
  container("port -1", { ports: [{ containerPort: -1 }] }),
  container("port named", { ports: [{ name: "http", containerPort: 80 }] }),
  container("port name with a capital", { ports: [{ name: "HTTP", containerPort: 80 }] }),
  container("port name of 16 letters", { ports: [{ name: long(16), containerPort: 80 }] }),
  container("port name without a letter", { ports: [{ name: "80", containerPort: 80 }] }),
  container("port name with two dashes", { ports: [{ name: "a--b", containerPort: 80 }] }),
  container("port name ending with a dash", { ports: [{ name: "a-", containerPort: 80 }] }),
  container("two ports of one name", {
    ports: [
      { name: "a", containerPort: 80 },
      { name: "a", containerPort: 81 },
    ],
  }),
  container("one port twice", { ports: [{ containerPort: 80 }, { containerPort: 80 }] }),
  container("host port 65536", { ports: [{ containerPort: 80, hostPort: 65_536 }] }),
  container("host port twice", {
    ports: [
      { containerPort: 80, hostPort: 80 },
      { containerPort: 81, hostPort: 80 },
    ],
  }),
  container("host port twice, two protocols", {
    ports: [
      { containerPort: 80, hostPort: 80 },
      { containerPort: 81, hostPort: 80, protocol: "UDP" },
    ],
  }),
  pod("host port twice, in two containers", {
    containers: [
      app({ ports: [{ containerPort: 80, hostPort: 80 }] }),
      { name: "b", image: "b:1", ports: [{ containerPort: 81, hostPort: 80 }] },
    ],
  }),
  container("host network, port left out", { ports: [{ containerPort: 80 }] }, { hostNetwork: true }),
  container("host network, another port", { ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
  pod("host network, one port in two containers", {
    hostNetwork: true,
    containers: [app({ ports: [{ containerPort: 80 }] }), { name: "b", image: "b:1", ports: [{ containerPort: 80 }] }],
  }),
  container("protocol unknown", { ports: [{ containerPort: 80, protocol: "HTTP" }] }),
  container("host address malformed", { ports: [{ containerPort: 80, hostPort: 80, hostIP: "localhost" }] }),

  // Environment.
  env("env", { value: "x" }),
  env("env name empty", { name: "" }),
  env("env name with a dash and a dot", { name: "a-b.c", value: "x" }),
  env("env name starting with a digit", { name: "1A", value: "x" }),
  env("env name with an equals sign", { name: "A=B", value: "x" }),
  env("env name with a tab", { name: "A\tB", value: "x" }),
  env("env from value and source", { value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }),
  env("env from no source", { valueFrom: {} }),
  env("env from two sources", {
    valueFrom: { fieldRef: { fieldPath: "metadata.name" }, secretKeyRef: { name: "s", key: "k" } },
  }),
  env("env from a field that is not offered", { valueFrom: { fieldRef: { fieldPath: "spec.schedulerName" } } }),
  env("env from a field that does not exist", { valueFrom: { fieldRef: { fieldPath: "metadata.nme" } } }),
  env("env from all labels", { valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }),
  env("env from one label", { valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }),
  {
    ...env("env from a label with a bad key", { valueFrom: { fieldRef: { fieldPath: "metadata.labels['a b']" } } }),
    otherField: SERVER_PATH,
  },
  env("env from an annotation", { valueFrom: { fieldRef: { fieldPath: "metadata.annotations['Example.com/a']" } } }),
  env("env from the node's addresses", { valueFrom: { fieldRef: { fieldPath: "status.hostIPs" } } }),
  env("env from a resource", { valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } }),
  env("env from a resource that is not offered", { valueFrom: { resourceFieldRef: { resource: "limits.gpu" } } }),
  env("env from huge pages", { valueFrom: { resourceFieldRef: { resource: "limits.hugepages-2Mi" } } }),
  env("env from a config map without name", { valueFrom: { configMapKeyRef: { key: "k" } } }),
  env("env from a secret with an empty key", { valueFrom: { secretKeyRef: { name: "s", key: "" } } }),
  env("env from a secret with a bad key", { valueFrom: { secretKeyRef: { name: "s", key: "a/b" } } }),
  {
    ...container("env named twice", {
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    }),
    otherVerdict: "refused on purpose: clients merge this list by name, and would lose one of the two",
  },
  container("env from a config map", { envFrom: [{ configMapRef: { name: "c" }, prefix: "A_" }] }),
  container("env from nothing", { envFrom: [{ prefix: "A_" }] }),
  container("env from both", { envFrom: [{ configMapRef: { name: "c" }, secretRef: { name: "s" } }] }),
  container("env from an unnamed config map", { envFrom: [{ configMapRef: {} }] }),
  container("env from, bad prefix", { envFrom: [{ configMapRef: { name: "c" }, prefix: "A=" }] }),

  // Mounts and devices.
  mount("mount", {}),
  mount("mount of no volume", { name: "w" }),
  mount("mount without a path", { mountPath: "" }),
  mount("mount at a relative path", { mountPath: "v" }),
  mount("mount with a sub path", { subPath: "a/b" }),
  mount("mount with an absolute sub path", { subPath: "/a" }),
  mount("mount with a sub path upwards", { subPath: "a/../../b" }),
  mount("mount with two sub paths", { subPath: "a", subPathExpr: "b" }),
  mount("mount with an absolute sub path expression", { subPathExpr: "/$(A)" }),
  mount("mount propagated back by a plain container", { mountPropagation: "Bidirectional" }),
  mount("mount read only throughout", { readOnly: true, recursiveReadOnly: "Enabled" }),
  mount("mount read only throughout, but writable", { recursiveReadOnly: "Enabled" }),
  container(
    "two mounts at one path",
    {
      volumeMounts: [
        { name: "v", mountPath: "/v" },
        { name: "w", mountPath: "/v" },
      ],
    },
    { volumes: [{ name: "v" }, { name: "w" }] },
  ),
  container(
    "device",
    { volumeDevices: [{ name: "v", devicePath: "/dev/x" }] },
    { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
  ),
  container(
    "device of a directory",
    { volumeDevices: [{ name: "v", devicePath: "/dev/x" }] },
    { volumes: [{ name: "v", emptyDir: {} }] },
  ),
  container("device of no volume", { volumeDevices: [{ name: "v", devicePath: "/dev/x" }] }),
  container(
    "device and mount of one volume",
    { volumeDevices: [{ name: "v", devicePath: "/dev/x" }], volumeMounts: [{ name: "v", mountPath: "/v" }] },
    { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
  ),
  container(
    "device with a path upwards",
    { volumeDevices: [{ name: "v", devicePath: "/dev/../x" }] },
    { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
  ),

  // Probes and hooks.
  container("probe", { readinessProbe: { httpGet: { port: 80 } } }),
  container("probe by port name", { readinessProbe: { tcpSocket: { port: "http" } } }),
  container("probe without a handler", { readinessProbe: { periodSeconds: 1 } }),
  container("probe with two handlers", { readinessProbe: { httpGet: { port: 80 }, exec: { command: ["true"] } } }),
  container("probe at port 0", { livenessProbe: { httpGet: { port: 0 } } }),
  container("probe at a bad port name", { livenessProbe: { httpGet: { port: "HTTP" } } }),
  container("probe at a port of another type", { livenessProbe: { grpc: { port: 70_000 } } }),
  container("probe without a command", { livenessProbe: { exec: {} } }),
  container("probe with a bad header", {
    livenessProbe: { httpGet: { port: 80, httpHeaders: [{ name: "a b", value: "" }] } },
  }),
  container("probe with a negative delay", { livenessProbe: { exec: { command: ["a"] }, initialDelaySeconds: -1 } }),
  container("probe with a negative period", { startupProbe: { exec: { command: ["a"] }, periodSeconds: -1 } }),
  container("liveness needs two successes", { livenessProbe: { exec: { command: ["a"] }, successThreshold: 2 } }),
  container("liveness needs zero successes", { livenessProbe: { exec: { command: ["a"] }, successThreshold: 0 } }),
  container("readiness needs two successes", { readinessProbe: { exec: { command: ["a"] }, successThreshold: 2 } }),
  container("readiness with a grace period", {
    readinessProbe: { exec: { command: ["a"] }, terminationGracePeriodSeconds: 1 },
  }),
  container("liveness with a grace period of 0", {
    livenessProbe: { exec: { command: ["a"] }, terminationGracePeriodSeconds: 0 },
  }),
  container("hook", { lifecycle: { postStart: { exec: { command: ["a"] } }, preStop: { sleep: { seconds: 5 } } } }),
  container("hook without a handler", { lifecycle: { preStop: {} } }),
  container("hook that sleeps longer than the grace period", { lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
  container("hook that sleeps 0 seconds", { lifecycle: { preStop: { sleep: { seconds: 0 } } } }),
  container("hook with two handlers", { lifecycle: { preStop: { exec: { command: ["a"] }, sleep: { seconds: 1 } } } }),
  container("stop signal without an os", { lifecycle: { stopSignal: "SIGUSR1" } }),
  container("stop signal", { lifecycle: { stopSignal: "SIGUSR1" } }, { os: { name: "linux" } }),

  // Resources.
  resources("resources", { cpu: "1", memory: "1Gi" }, { cpu: "500m" }),
  resources("more cpu asked for than allowed", { cpu: "1" }, { cpu: "1500m" }),
  resources("more memory asked for than allowed", { memory: "1Gi" }, { memory: "1025Mi" }),
  resources("the same in another spelling", { memory: "1Gi" }, { memory: "1024Mi" }),
  resources("negative cpu", {}, { cpu: "-1" }),
  resources("cpu finer than a thousandth", {}, { cpu: "0.0001" }),
  {
    ...resources("not a quantity", {}, { cpu: "much" }),
    otherField: "the server cannot read such a pod, and so names no field",
  },
  { ...resources("unknown plain resource", { gpu: "1" }, {}), otherField: SERVER_DEFAULTS },
  { ...resources("resource with a bad name", { "example.com/": "1" }, {}), otherField: SERVER_DEFAULTS },
  resources("device", { "example.com/gpu": "1" }, {}),
  resources("device asked for without a limit", {}, { "example.com/gpu": "1" }),
  resources("device asked for in another number", { "example.com/gpu": "2" }, { "example.com/gpu": "1" }),
  { ...resources("half a device", { "example.com/gpu": "500m" }, {}), otherField: SERVER_DEFAULTS },
  { ...resources("device named as a quota", { "requests.example.com/gpu": "1" }, {}), otherField: SERVER_DEFAULTS },
  resources("huge pages", { "hugepages-2Mi": "4Mi", memory: "1Gi" }, {}),
  resources("huge pages alone", { "hugepages-2Mi": "4Mi" }, {}),
  { ...resources("storage of a claim", { storage: "1Gi" }, {}), otherField: SERVER_DEFAULTS },
  resources("ephemeral storage", { "ephemeral-storage": "1Gi" }, {}),
  { ...resources("resource of the pod quota", { pods: "1" }, {}), otherField: SERVER_DEFAULTS },
  resources("resource of a native domain", { "kubernetes.io/thing": "1" }, {}),
  container("claim that the pod has not", { resources: { claims: [{ name: "c" }] } }),
  container("resize policy", { resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] }),
  {
    ...container("resize policy for storage", {
      resizePolicy: [{ resourceName: "storage", restartPolicy: "NotRequired" }],
    }),
    otherField: SERVER_PATH,
  },
  {
    ...container("resize policy unknown", { resizePolicy: [{ resourceName: "cpu", restartPolicy: "Perhaps" }] }),
    otherField: SERVER_PATH,
  },
  pod("resources of the pod", { resources: { limits: { cpu: "1" }, requests: { cpu: "500m" } } }),
  pod("device of the pod", { resources: { limits: { "example.com/gpu": "1" } } }),
  pod("more asked for by the pod than allowed", { resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } }),
  {
    ...pod("overhead of the user", { overhead: { cpu: "1" } }),
    otherVerdict: "only the server knows RuntimeClasses, which alone may set an overhead",
  },

  // Volumes.
  pod("volume without a kind", { volumes: [{ name: "v" }] }),
  pod("volume without a name", { volumes: [{ name: "", emptyDir: {} }] }),
  pod("volume name with a dot", { volumes: [{ name: "a.b", emptyDir: {} }] }),
  pod("two volumes of one name", { volumes: [{ name: "v" }, { name: "v" }] }),
  volume("volume of two kinds", { emptyDir: {}, hostPath: { path: "/" } }),
  volume("emptyDir with a negative size", { emptyDir: { sizeLimit: "-1" } }),
  volume("hostPath empty", { hostPath: { path: "" } }),
  volume("hostPath upwards", { hostPath: { path: "/a/../b" } }),
  volume("hostPath of an unknown type", { hostPath: { path: "/a", type: "Pipe" } }),
  volume("secret without a name", { secret: {} }),
  volume("secret with a mode too large", { secret: { secretName: "s", defaultMode: 512 } }),
  volume("secret item without a path", { secret: { secretName: "s", items: [{ key: "k", path: "" }] } }),
  volume("secret item with a path upwards", { secret: { secretName: "s", items: [{ key: "k", path: "../a" }] } }),
  volume("secret item with a path like one upwards", {
    secret: { secretName: "s", items: [{ key: "k", path: "..a" }] },
  }),
  volume("secret item with an absolute path", { secret: { secretName: "s", items: [{ key: "k", path: "/a" }] } }),
  volume("config map item with a bad mode", { configMap: { name: "c", items: [{ key: "k", path: "a", mode: -1 }] } }),
  volume("config map without a name", { configMap: {} }),
  volume("nfs with a relative path", { nfs: { server: "s", path: "a" } }),
  volume("nfs without a server", { nfs: { server: "", path: "/a" } }),
  volume("claim without a name", { persistentVolumeClaim: { claimName: "" } }),
  { ...volume("downward item without a source", { downwardAPI: { items: [{ path: "a" }] } }), otherField: SERVER_PATH },
  volume("downward item", { downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.labels" } }] } }),
  {
    ...volume("downward item of the node", {
      downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "spec.nodeName" } }] },
    }),
    otherField: SERVER_PATH,
  },
  {
    ...volume("downward item of a resource without container", {
      downwardAPI: { items: [{ path: "a", resourceFieldRef: { resource: "limits.cpu" } }] },
    }),
    otherField: SERVER_PATH,
  },
  volume("projected token", {
    projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 600 } }] },
  }),
  volume("projected token too short", {
    projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 1 } }] },
  }),
  {
    ...volume("projected token without a path", { projected: { sources: [{ serviceAccountToken: { path: "" } }] } }),
    otherField: SERVER_PATH,
  },
  volume("projected source of two kinds", {
    projected: { sources: [{ secret: { name: "s" }, configMap: { name: "c" } }] },
  }),
  volume("projected secret without a name", { projected: { sources: [{ secret: {} }] } }),
  volume("csi without a driver", { csi: { driver: "" } }),
  volume("csi with a bad driver", { csi: { driver: "a_b" } }),
  volume("ephemeral claim", {
    ephemeral: {
      volumeClaimTemplate: {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    },
  }),
  volume("ephemeral claim without modes", {
    ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "1Gi" } } } } },
  }),
  volume("ephemeral claim without a size", {
    ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } },
  }),
  volume("ephemeral claim of size 0", {
    ephemeral: {
      volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "0" } } } },
    },
  }),
  volume("git without a repository", { gitRepo: { repository: "" } }),
  volume("image without a reference", { image: { reference: "" } }),
  volume("iscsi without a portal", { iscsi: { targetPortal: "", iqn: "iqn.2015-02.example.com:test", lun: 0 } }),

  // The pod.
  pod("restart policy unknown", { restartPolicy: "Perhaps" }),
  pod("host name", { hostname: "a", subdomain: "b" }),
  pod("host name with a dot", { hostname: "a.b" }),
  pod("subdomain with a capital", { subdomain: "B" }),
  pod("node name malformed", { nodeName: "a_b" }),
  pod("node selector with a bad key", { nodeSelector: { "a b": "c" } }),
  pod("node selector with a bad value", { nodeSelector: { a: "b c" } }),
  pod("dns None without servers", { dnsPolicy: "None" }),
  pod("dns None with empty servers", { dnsPolicy: "None", dnsConfig: { searches: ["a"] } }),
  pod("dns with a bad server", { dnsConfig: { nameservers: ["dns.example.com"] } }),
  pod("dns with four servers", { dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } }),
  pod("dns with a bad search", { dnsConfig: { searches: ["a b"] } }),
  pod("dns with an underscore in a search", { dnsConfig: { searches: ["_a.example.com."] } }),
  pod("dns option without a name", { dnsConfig: { options: [{ value: "a" }] } }),
  pod("dns policy unknown", { dnsPolicy: "Some" }),
  pod("host alias with a bad address", { hostAliases: [{ ip: "a", hostnames: ["b"] }] }),
  pod("host alias with a bad name", { hostAliases: [{ ip: "1.1.1.1", hostnames: ["a_b"] }] }),
  pod("readiness gate malformed", { readinessGates: [{ conditionType: "a b" }] }),
  pod("scheduling gate malformed", { schedulingGates: [{ name: "a b" }] }),
  pod("scheduling gate twice", { schedulingGates: [{ name: "a" }, { name: "a" }] }),
  pod("os unknown", { os: { name: "plan9" } }),
  {
    ...pod("shares processes with the host", { shareProcessNamespace: true, hostPID: true }),
    otherField: "the server names the place in its own, older form of a pod",
  },
  pod("own users in the host's network", { hostUsers: false, hostNetwork: true }),
  pod("claim without a source", { resourceClaims: [{ name: "c" }] }),
  {
    ...pod("preemption unknown", { preemptionPolicy: "Ask" }),
    otherField: "the server refuses it in an admission plugin, without a field",
  },
  pod("negative grace period", { terminationGracePeriodSeconds: -1 }),
  pod("image pull secret without a name", { imagePullSecrets: [{}] }),

  // Security.
  pod("user of the pod negative", { securityContext: { runAsUser: -1 } }),
  pod("group of the files too large", { securityContext: { fsGroup: 2_147_483_648 } }),
  pod("a supplemental group negative", { securityContext: { supplementalGroups: [1, -1] } }),
  pod("sysctl malformed", { securityContext: { sysctls: [{ name: "a b", value: "1" }] } }),
  pod("sysctl twice", {
    securityContext: {
      sysctls: [
        { name: "kernel.shm_rmid_forced", value: "1" },
        { name: "kernel.shm_rmid_forced", value: "0" },
      ],
    },
  }),
  pod("seccomp without a profile", { securityContext: { seccompProfile: { type: "Localhost" } } }),
  pod("seccomp with a profile too many", {
    securityContext: { seccompProfile: { type: "RuntimeDefault", localhostProfile: "a" } },
  }),
  pod("seccomp with an absolute profile", {
    securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "/a" } },
  }),
  pod("app armor without a profile", { securityContext: { appArmorProfile: { type: "Localhost" } } }),
  container("user of the container negative", { securityContext: { runAsUser: -1 } }),
  container("privileged, but may not gain privileges", {
    securityContext: { privileged: true, allowPrivilegeEscalation: false },
  }),
  container("administrator, but may not gain privileges", {
    securityContext: { capabilities: { add: ["CAP_SYS_ADMIN"] }, allowPrivilegeEscalation: false },
  }),
  container("proc mount unknown", { securityContext: { procMount: "Some" } }),

  // Where pods run.
  pod("toleration", {
    tolerations: [{ key: "a", operator: "Equal", value: "b", effect: "NoExecute", tolerationSeconds: 1 }],
  }),
  pod("toleration of everything", { tolerations: [{ operator: "Exists" }] }),
  pod("toleration without a key", { tolerations: [{ value: "b" }] }),
  pod("toleration with a bad key", { tolerations: [{ key: "a b", operator: "Exists" }] }),
  pod("toleration with a value too many", { tolerations: [{ key: "a", operator: "Exists", value: "b" }] }),
  pod("toleration with a bad value", { tolerations: [{ key: "a", operator: "Equal", value: "b c" }] }),
  pod("toleration for a while, of the wrong effect", {
    tolerations: [{ key: "a", operator: "Exists", effect: "NoSchedule", tolerationSeconds: 1 }],
  }),
  pod("toleration effect unknown", { tolerations: [{ key: "a", operator: "Exists", effect: "Never" }] }),
  pod("spread", {
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", minDomains: 2 }],
  }),
  pod("spread with a skew of 0", {
    topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
  }),
  pod("spread without a key", {
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "", whenUnsatisfiable: "DoNotSchedule" }],
  }),
  pod("spread with domains that are only hoped for", {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway", minDomains: 2 },
    ],
  }),
  {
    ...pod("spread twice", {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
        { maxSkew: 2, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
      ],
    }),
    otherField: "the server names the first of the two, ours (and the CRD) the second",
  },
  pod("spread with loose keys", {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", matchLabelKeys: ["a"] },
    ],
  }),
  pod("spread with a bad selector", {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchExpressions: [{ key: "a", operator: "In" }] },
      },
    ],
  }),
  nodeAffinity("node affinity", required({ key: "zone", operator: "In", values: ["a"] })),
  nodeAffinity("node affinity without terms", {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
  }),
  nodeAffinity("node affinity in nothing", required({ key: "zone", operator: "In" })),
  nodeAffinity("node affinity exists with values", required({ key: "zone", operator: "Exists", values: ["a"] })),
  nodeAffinity("node affinity greater than two", required({ key: "zone", operator: "Gt", values: ["1", "2"] })),
  nodeAffinity("node affinity with an unknown operator", required({ key: "zone", operator: "Like", values: ["a"] })),
  nodeAffinity("node affinity with a bad key", required({ key: "a b", operator: "Exists" })),
  nodeAffinity("node affinity with a bad value", required({ key: "zone", operator: "In", values: ["a b"] })),
  nodeAffinity("node affinity by name", {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }],
    },
  }),
  nodeAffinity("node affinity by another field", {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.uid", operator: "In", values: ["a"] }] }],
    },
  }),
  nodeAffinity("node affinity of weight 0", {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 0, preference: { matchExpressions: [{ key: "zone", operator: "Exists" }] } },
    ],
  }),
  pod("pod affinity without a topology", {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "", labelSelector: {} }] },
    },
  }),
  pod("pod affinity with a bad topology", {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "a b", labelSelector: {} }] },
    },
  }),
  {
    ...pod("pod affinity with a bad namespace", {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "zone", labelSelector: {}, namespaces: ["A"] },
          ],
        },
      },
    }),
    otherField: SERVER_PATH,
  },
  pod("pod affinity of weight 101", {
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 101, podAffinityTerm: { topologyKey: "zone", labelSelector: {} } },
        ],
      },
    },
  }),
  pod("pod affinity with a selector of exists with values", {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: "zone",
            labelSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] },
          },
        ],
      },
    },
  }),
];
