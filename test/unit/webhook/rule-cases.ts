// One good and one bad CloneSet for each rule. The type makes sure that no rule is left out.

import type { RuleId } from "../../../src/rules/catalog.ts";

type Members = { [name: string]: unknown };

export interface RuleCase {
  good: Members;
  bad: Members;
  /** The field that the bad one is refused for. */
  at: string;
  /** For rules about changes: what is stored. */
  before?: Members;
}

const T = "spec.template.spec";
const C = `${T}.containers[0]`;

/** A CloneSet with something more in its spec. */
function set(spec: Members, metadata: Members = {}): Members {
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name: "web", namespace: "shop", ...metadata },
    spec: { selector: { matchLabels: { app: "web" } }, template: template({}), ...spec },
  };
}

function template(spec: Members, metadata: Members = {}): Members {
  return {
    metadata: { ...metadata, labels: { app: "web", ...(metadata["labels"] as Members) } },
    spec: { containers: [app({})], ...spec },
  };
}

function app(more: Members): Members {
  return { name: "app", image: "app:1", ...more };
}

const pod = (spec: Members, metadata: Members = {}): Members => set({ template: template(spec, metadata) });
const container = (more: Members, spec: Members = {}): Members => pod({ containers: [app(more)], ...spec });
const volume = (source: Members): Members => pod({ volumes: [{ name: "v", ...source }] });
const env = (variable: Members): Members => container({ env: [{ name: "A", ...variable }] });
const mount = (more: Members): Members =>
  container({ volumeMounts: [{ name: "v", mountPath: "/v", ...more }] }, { volumes: [{ name: "v", emptyDir: {} }] });
const device = (name: string, devicePath: string, volumes: unknown[] = [CLAIM]): Members =>
  container({ volumeDevices: [{ name, devicePath }] }, { volumes });
const CLAIM = { name: "v", persistentVolumeClaim: { claimName: "c" } };
const resources = (limits: Members, requests: Members = {}): Members => container({ resources: { limits, requests } });
const exec = { exec: { command: ["true"] } };
const strategy = (updateStrategy: Members, spec: Members = {}): Members => set({ updateStrategy, ...spec });
const expression = (requirement: Members): Members => set({ selector: { matchExpressions: [requirement] } });
const inApp = { key: "app", operator: "In", values: ["web"] };
const toleration = (more: Members): Members => pod({ tolerations: [{ key: "a", operator: "Exists", ...more }] });
const spread = (more: Members): Members => pod({ topologySpreadConstraints: [constraint(more)] });
const constraint = (more: Members): Members => ({
  maxSkew: 1,
  topologyKey: "zone",
  whenUnsatisfiable: "DoNotSchedule",
  ...more,
});
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const nodeTerm = (term: Members): Members =>
  pod({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [term] } } } });
const podTerm = (term: Members): Members =>
  pod({ affinity: { podAffinity: { [REQUIRED]: [{ topologyKey: "zone", labelSelector: {}, ...term }] } } });
const claims = (...names: unknown[]): Members =>
  set({ volumeClaimTemplates: names.map((name) => ({ metadata: { name }, spec: {} })) });
const ephemeral = (spec: Members): Members =>
  volume({
    ephemeral: {
      volumeClaimTemplate: {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
      },
    },
  });
const downward = (item: Members): Members => volume({ downwardAPI: { items: [{ path: "a", ...item }] } });
const projected = (source: Members): Members => volume({ projected: { sources: [source] } });

export const ruleCases: Record<RuleId, RuleCase> = {
  "metadata-labels": {
    good: set({}, { labels: { "example.com/a": "b" } }),
    bad: set({}, { labels: { "a b": "c" } }),
    at: "metadata.labels",
  },
  "metadata-annotations": {
    good: set({}, { annotations: { "example.com/a": "any text" } }),
    bad: set({}, { annotations: { "a b": "c" } }),
    at: "metadata.annotations",
  },
  "selector-required": { good: set({}), bad: set({ selector: null }), at: "spec.selector" },
  "selector-empty": { good: set({}), bad: set({ selector: {} }), at: "spec.selector" },
  "selector-immutable": {
    before: set({}),
    good: set({ selector: { matchLabels: { app: "web" }, matchExpressions: [] } }),
    bad: expression(inApp),
    at: "spec.selector",
  },
  "selector-key": {
    good: set({}),
    bad: set({ selector: { matchLabels: { app: "web", "a b": "c" } } }),
    at: "spec.selector.matchLabels",
  },
  "selector-value": {
    good: set({}),
    bad: set({ selector: { matchLabels: { app: "w eb" } } }),
    at: "spec.selector.matchLabels",
  },
  "expression-key": {
    good: expression(inApp),
    bad: expression({ ...inApp, key: "a b" }),
    at: "spec.selector.matchExpressions[0].key",
  },
  "expression-operator": {
    good: expression({ key: "app", operator: "Exists" }),
    bad: expression({ key: "app", operator: "Like" }),
    at: "spec.selector.matchExpressions[0].operator",
  },
  "expression-values-required": {
    good: expression(inApp),
    bad: expression({ key: "app", operator: "In" }),
    at: "spec.selector.matchExpressions[0].values",
  },
  "expression-values-forbidden": {
    good: expression({ key: "app", operator: "Exists", values: [] }),
    bad: expression({ key: "app", operator: "Exists", values: ["web"] }),
    at: "spec.selector.matchExpressions[0].values",
  },
  "expression-value": {
    good: expression(inApp),
    bad: expression({ ...inApp, values: ["web", "a b"] }),
    at: "spec.selector.matchExpressions[0].values[1]",
  },
  "template-required": { good: set({}), bad: set({ template: null }), at: "spec.template" },
  "template-labels-match": {
    good: set({}),
    bad: set({ selector: { matchLabels: { app: "other" } } }),
    at: "spec.template.metadata.labels",
  },
  "pod-count": {
    good: strategy({ partition: "33.3%", maxUnavailable: 1, maxSurge: "10%" }),
    bad: strategy({ partition: "5" }),
    at: "spec.updateStrategy.partition",
  },
  "no-budget": {
    good: strategy({ maxUnavailable: 0, maxSurge: 1 }),
    bad: strategy({ maxUnavailable: "0%", maxSurge: 0 }),
    at: "spec.updateStrategy.maxUnavailable",
  },
  "in-place-only-surge": {
    good: strategy({ type: "InPlaceOnly", maxSurge: "0%" }),
    bad: strategy({ type: "InPlaceOnly", maxSurge: 1 }),
    at: "spec.updateStrategy.maxSurge",
  },
  "in-place-only-change": {
    before: strategy({ type: "InPlaceOnly" }),
    good: strategy({ type: "InPlaceOnly" }, { template: template({ containers: [app({ image: "app:2" })] }) }),
    bad: strategy(
      { type: "InPlaceOnly" },
      { template: template({ containers: [app({ env: [{ name: "A", value: "b" }] })] }) },
    ),
    at: "spec.template.spec.containers[app].env",
  },
  "progress-deadline": {
    good: set({ progressDeadlineSeconds: 11, minReadySeconds: 10 }),
    bad: set({ progressDeadlineSeconds: 10, minReadySeconds: 10 }),
    at: "spec.progressDeadlineSeconds",
  },
  "pods-to-delete-empty": {
    good: set({ scaleStrategy: { podsToDelete: ["web-aaaaa"] } }),
    bad: set({ scaleStrategy: { podsToDelete: ["web-aaaaa", " "] } }),
    at: "spec.scaleStrategy.podsToDelete[1]",
  },
  "pods-to-delete-twice": {
    good: set({ scaleStrategy: { podsToDelete: ["web-aaaaa", "web-bbbbb"] } }),
    bad: set({ scaleStrategy: { podsToDelete: ["web-aaaaa", " web-aaaaa"] } }),
    at: "spec.scaleStrategy.podsToDelete[1]",
  },
  "two-priorities": {
    good: strategy({ priorityStrategy: { orderPriority: [{ orderedKey: "a" }], weightPriority: [] } }),
    bad: strategy({
      priorityStrategy: {
        orderPriority: [{ orderedKey: "a" }],
        weightPriority: [{ weight: 1, matchSelector: { matchLabels: { a: "b" } } }],
      },
    }),
    at: "spec.updateStrategy.priorityStrategy",
  },
  "weight-selector-empty": {
    good: strategy({
      priorityStrategy: { weightPriority: [{ weight: 1, matchSelector: { matchLabels: { a: "b" } } }] },
    }),
    bad: strategy({ priorityStrategy: { weightPriority: [{ weight: 1, matchSelector: {} }] } }),
    at: "spec.updateStrategy.priorityStrategy.weightPriority[0].matchSelector",
  },
  "ordered-key": {
    good: strategy({ priorityStrategy: { orderPriority: [{ orderedKey: "a" }] } }),
    bad: strategy({ priorityStrategy: { orderPriority: [{ orderedKey: "" }] } }),
    at: "spec.updateStrategy.priorityStrategy.orderPriority[0].orderedKey",
  },
  "scatter-key": {
    good: strategy({ scatterStrategy: [{ key: "a", value: "" }] }),
    bad: strategy({ scatterStrategy: [{ key: "", value: "a" }] }),
    at: "spec.updateStrategy.scatterStrategy[0].key",
  },
  "scatter-twice": {
    good: strategy({
      scatterStrategy: [
        { key: "a", value: "b" },
        { key: "a", value: "c" },
      ],
    }),
    bad: strategy({
      scatterStrategy: [
        { key: "a", value: "b" },
        { key: "a", value: "b" },
      ],
    }),
    at: "spec.updateStrategy.scatterStrategy[1]",
  },
  "claim-name-required": {
    good: claims("data"),
    bad: claims("data", ""),
    at: "spec.volumeClaimTemplates[1].metadata.name",
  },
  "claim-name": { good: claims("data"), bad: claims("Data"), at: "spec.volumeClaimTemplates[0].metadata.name" },
  "claim-name-twice": { good: claims("a", "b"), bad: claims("a", "a"), at: "spec.volumeClaimTemplates" },
  "claim-named-as-volume": {
    good: claims("data"),
    bad: set({
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }],
      template: template({ volumes: [{ name: "data" }] }),
    }),
    at: "spec.volumeClaimTemplates",
  },
  "label-key": {
    good: pod({}, { labels: { "example.com/a": "b" } }),
    bad: pod({}, { labels: { "a/b/c": "d" } }),
    at: "spec.template.metadata.labels",
  },
  "label-value": {
    good: pod({}, { labels: { a: "" } }),
    bad: pod({}, { labels: { a: "b c" } }),
    at: "spec.template.metadata.labels",
  },
  "annotation-key": {
    good: pod({}, { annotations: { "Example.com/a": "b c" } }),
    bad: pod({}, { annotations: { "": "b" } }),
    at: "spec.template.metadata.annotations",
  },
  "annotations-too-long": {
    good: pod({}, { annotations: { a: "b".repeat(262_143) } }),
    bad: pod({}, { annotations: { a: "b".repeat(262_144) } }),
    at: "spec.template.metadata.annotations",
  },
  "deletion-cost": {
    good: pod({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-2147483648" } }),
    bad: pod({}, { annotations: { "controller.kubernetes.io/pod-deletion-cost": "2147483648" } }),
    at: "spec.template.metadata.annotations[controller.kubernetes.io/pod-deletion-cost]",
  },
  finalizer: {
    good: pod({}, { finalizers: ["example.com/hold"] }),
    bad: pod({}, { finalizers: ["example.com/-"] }),
    at: "spec.template.metadata.finalizers",
  },
  "restart-policy": {
    good: pod({ restartPolicy: "Always" }),
    bad: pod({ restartPolicy: "Never" }),
    at: `${T}.restartPolicy`,
  },
  "active-deadline": {
    good: pod({ activeDeadlineSeconds: null }),
    bad: pod({ activeDeadlineSeconds: 5 }),
    at: `${T}.activeDeadlineSeconds`,
  },
  "ephemeral-containers": {
    good: pod({ ephemeralContainers: [] }),
    bad: pod({ ephemeralContainers: [app({})] }),
    at: `${T}.ephemeralContainers`,
  },
  "containers-required": { good: pod({}), bad: pod({ containers: [] }), at: `${T}.containers` },
  "object-name": {
    good: pod({ serviceAccountName: "a.b" }),
    bad: pod({ serviceAccountName: "A" }),
    at: `${T}.serviceAccountName`,
  },
  "host-name": { good: pod({ hostname: "a" }), bad: pod({ hostname: "a.b" }), at: `${T}.hostname` },
  "node-selector": {
    good: pod({ nodeSelector: { "example.com/a": "b" } }),
    bad: pod({ nodeSelector: { a: "b c" } }),
    at: `${T}.nodeSelector`,
  },
  "dns-none": {
    good: pod({ dnsPolicy: "None", dnsConfig: { nameservers: ["1.1.1.1"] } }),
    bad: pod({ dnsPolicy: "None" }),
    at: `${T}.dnsConfig`,
  },
  "dns-nameservers": {
    good: pod({ dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "::1"] } }),
    bad: pod({ dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } }),
    at: `${T}.dnsConfig.nameservers`,
  },
  "dns-nameserver": {
    good: pod({ dnsConfig: { nameservers: ["::1"] } }),
    bad: pod({ dnsConfig: { nameservers: ["dns"] } }),
    at: `${T}.dnsConfig.nameservers[0]`,
  },
  "dns-searches": {
    good: pod({ dnsConfig: { searches: Array.from({ length: 32 }, (_, i) => `a${i}`) } }),
    bad: pod({ dnsConfig: { searches: Array.from({ length: 33 }, (_, i) => `a${i}`) } }),
    at: `${T}.dnsConfig.searches`,
  },
  "dns-search": {
    good: pod({ dnsConfig: { searches: ["_a.b."] } }),
    bad: pod({ dnsConfig: { searches: ["a b"] } }),
    at: `${T}.dnsConfig.searches[0]`,
  },
  "dns-option": {
    good: pod({ dnsConfig: { options: [{ name: "ndots", value: "1" }] } }),
    bad: pod({ dnsConfig: { options: [{ value: "1" }] } }),
    at: `${T}.dnsConfig.options[0]`,
  },
  "host-alias-ip": {
    good: pod({ hostAliases: [{ ip: "10.0.0.1" }] }),
    bad: pod({ hostAliases: [{ ip: "10.0.0" }] }),
    at: `${T}.hostAliases[0].ip`,
  },
  "host-alias-name": {
    good: pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["a.b"] }] }),
    bad: pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["a_b"] }] }),
    at: `${T}.hostAliases[0].hostnames[0]`,
  },
  "readiness-gate": {
    good: pod({ readinessGates: [{ conditionType: "example.com/a" }] }),
    bad: pod({ readinessGates: [{ conditionType: "a b" }] }),
    at: `${T}.readinessGates[0].conditionType`,
  },
  "scheduling-gate": {
    good: pod({ schedulingGates: [{ name: "a" }] }),
    bad: pod({ schedulingGates: [{ name: "a b" }] }),
    at: `${T}.schedulingGates[0]`,
  },
  "scheduling-gate-twice": {
    good: pod({ schedulingGates: [{ name: "a" }, { name: "b" }] }),
    bad: pod({ schedulingGates: [{ name: "a" }, { name: "a" }] }),
    at: `${T}.schedulingGates[1]`,
  },
  "host-pid": {
    good: pod({ shareProcessNamespace: true }),
    bad: pod({ shareProcessNamespace: true, hostPID: true }),
    at: `${T}.shareProcessNamespace`,
  },
  "host-users": {
    good: pod({ hostUsers: false }),
    bad: pod({ hostUsers: false, hostIPC: true }),
    at: `${T}.hostIPC`,
  },
  "os-name": { good: pod({ os: { name: "linux" } }), bad: pod({ os: { name: "plan9" } }), at: `${T}.os` },
  "resource-claim-name": {
    good: pod({ resourceClaims: [{ name: "c", resourceClaimName: "x" }] }),
    bad: pod({ resourceClaims: [{ name: "C", resourceClaimName: "x" }] }),
    at: `${T}.resourceClaims[0].name`,
  },
  "resource-claim-twice": {
    good: pod({ resourceClaims: [{ name: "c", resourceClaimName: "x" }] }),
    bad: pod({
      resourceClaims: [
        { name: "c", resourceClaimName: "x" },
        { name: "c", resourceClaimName: "x" },
      ],
    }),
    at: `${T}.resourceClaims[1].name`,
  },
  "resource-claim-source": {
    good: pod({ resourceClaims: [{ name: "c", resourceClaimTemplateName: "x" }] }),
    bad: pod({ resourceClaims: [{ name: "c" }] }),
    at: `${T}.resourceClaims[0]`,
  },
  overhead: { good: pod({ overhead: { cpu: "1" } }), bad: pod({ overhead: { gpu: "1" } }), at: `${T}.overhead[gpu]` },
  "pod-resource": {
    good: pod({ resources: { limits: { cpu: "1" } } }),
    bad: pod({ resources: { limits: { "example.com/gpu": "1" } } }),
    at: `${T}.resources.limits[example.com/gpu]`,
  },
  "toleration-key": {
    good: toleration({}),
    bad: toleration({ key: "a b" }),
    at: `${T}.tolerations[0].key`,
  },
  "toleration-operator": {
    good: toleration({ key: "" }),
    bad: toleration({ key: "", operator: "Equal" }),
    at: `${T}.tolerations[0].operator`,
  },
  "toleration-value": {
    good: toleration({}),
    bad: toleration({ value: "b" }),
    at: `${T}.tolerations[0].operator`,
  },
  "toleration-value-form": {
    good: toleration({ operator: "Equal", value: "b" }),
    bad: toleration({ operator: "", value: "b c" }),
    at: `${T}.tolerations[0].operator`,
  },
  "toleration-seconds": {
    good: toleration({ effect: "NoExecute", tolerationSeconds: 1 }),
    bad: toleration({ tolerationSeconds: 1 }),
    at: `${T}.tolerations[0].effect`,
  },
  "spread-skew": { good: spread({}), bad: spread({ maxSkew: 0 }), at: `${T}.topologySpreadConstraints[0].maxSkew` },
  "spread-key": {
    good: spread({}),
    bad: spread({ topologyKey: "" }),
    at: `${T}.topologySpreadConstraints[0].topologyKey`,
  },
  "spread-min-domains": {
    good: spread({ minDomains: 2 }),
    bad: spread({ minDomains: 2, whenUnsatisfiable: "ScheduleAnyway" }),
    at: `${T}.topologySpreadConstraints[0].minDomains`,
  },
  "spread-twice": {
    good: pod({ topologySpreadConstraints: [constraint({}), constraint({ topologyKey: "host" })] }),
    bad: pod({ topologySpreadConstraints: [constraint({}), constraint({ maxSkew: 2 })] }),
    at: `${T}.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}`,
  },
  "match-label-keys": {
    good: spread({ matchLabelKeys: ["a"], labelSelector: {} }),
    bad: spread({ matchLabelKeys: ["a"] }),
    at: `${T}.topologySpreadConstraints[0].matchLabelKeys`,
  },
  "affinity-terms": {
    good: nodeTerm({}),
    bad: pod({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [] } } } }),
    at: `${T}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`,
  },
  "affinity-single-value": {
    good: nodeTerm({ matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] }),
    bad: nodeTerm({ matchExpressions: [{ key: "a", operator: "Gt", values: [] }] }),
    at: `${T}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].values`,
  },
  "affinity-value": {
    good: nodeTerm({ matchExpressions: [{ key: "a", operator: "In", values: ["1"] }] }),
    bad: nodeTerm({ matchExpressions: [{ key: "a", operator: "In", values: ["a b"] }] }),
    at: `${T}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].values[0]`,
  },
  "affinity-field": {
    good: nodeTerm({ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }),
    bad: nodeTerm({ matchFields: [{ key: "metadata.uid", operator: "In", values: ["a"] }] }),
    at: `${T}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[0].matchFields[0].key`,
  },
  "affinity-field-values": {
    good: nodeTerm({ matchFields: [{ key: "metadata.name", operator: "NotIn", values: ["a"] }] }),
    bad: nodeTerm({ matchFields: [{ key: "metadata.name", operator: "In", values: ["a", "b"] }] }),
    at: `${T}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[0].matchFields[0].values`,
  },
  "affinity-weight": {
    good: pod({ affinity: { nodeAffinity: { [PREFERRED]: [{ weight: 1, preference: {} }] } } }),
    bad: pod({ affinity: { nodeAffinity: { [PREFERRED]: [{ weight: 0, preference: {} }] } } }),
    at: `${T}.affinity.nodeAffinity.${PREFERRED}[0].weight`,
  },
  "affinity-topology-key": {
    good: podTerm({}),
    bad: podTerm({ topologyKey: "" }),
    at: `${T}.affinity.podAffinity.${REQUIRED}[0].topologyKey`,
  },
  "affinity-topology-key-form": {
    good: podTerm({}),
    bad: podTerm({ topologyKey: "a b" }),
    at: `${T}.affinity.podAffinity.${REQUIRED}[0].topologyKey`,
  },
  "affinity-namespace": {
    good: podTerm({ namespaces: ["shop"] }),
    bad: podTerm({ namespaces: ["Shop"] }),
    at: `${T}.affinity.podAffinity.${REQUIRED}[0].namespaces[0]`,
  },
  "container-name-required": { good: pod({}), bad: container({ name: "" }), at: `${C}.name` },
  "container-name": { good: pod({}), bad: container({ name: "App" }), at: `${C}.name` },
  "container-name-twice": {
    good: pod({ initContainers: [app({ name: "init" })] }),
    bad: pod({ initContainers: [app({})] }),
    at: `${T}.initContainers[0].name`,
  },
  "image-required": { good: pod({}), bad: container({ image: "" }), at: `${C}.image` },
  "image-space": { good: pod({}), bad: container({ image: "app:1 " }), at: `${C}.image` },
  "init-container-hooks": {
    good: pod({ initContainers: [app({ name: "init", restartPolicy: "Always", livenessProbe: exec })] }),
    bad: pod({ initContainers: [app({ name: "init", livenessProbe: exec })] }),
    at: `${T}.initContainers[0].livenessProbe`,
  },
  "container-restart-policy": {
    good: container({ restartPolicy: "OnFailure" }),
    bad: container({ restartPolicy: "Perhaps" }),
    at: `${C}.restartPolicy`,
  },
  "port-number": {
    good: container({ ports: [{ containerPort: 65_535 }] }),
    bad: container({ ports: [{ containerPort: 65_536 }] }),
    at: `${C}.ports[0].containerPort`,
  },
  "port-required": {
    good: container({ ports: [{ containerPort: 1 }] }),
    bad: container({ ports: [{ containerPort: 0 }] }),
    at: `${C}.ports[0].containerPort`,
  },
  "host-port-number": {
    good: container({ ports: [{ containerPort: 80, hostPort: 0 }] }),
    bad: container({ ports: [{ containerPort: 80, hostPort: -1 }] }),
    at: `${C}.ports[0].hostPort`,
  },
  "host-port-twice": {
    good: container({
      ports: [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80, protocol: "UDP" },
      ],
    }),
    bad: container({
      ports: [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
    }),
    at: `${C}.ports[1].hostPort`,
  },
  "host-network-port": {
    good: container({ ports: [{ containerPort: 80 }] }, { hostNetwork: true }),
    bad: container({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
    at: `${C}.ports[0].hostPort`,
  },
  "port-name": {
    good: container({ ports: [{ name: "http-2", containerPort: 80 }] }),
    bad: container({ ports: [{ name: "80", containerPort: 80 }] }),
    at: `${C}.ports[0].name`,
  },
  "port-name-twice": {
    good: container({
      ports: [
        { name: "a", containerPort: 80 },
        { name: "b", containerPort: 81 },
      ],
    }),
    bad: container({
      ports: [
        { name: "a", containerPort: 80 },
        { name: "a", containerPort: 81 },
      ],
    }),
    at: `${C}.ports[1].name`,
  },
  "env-name-required": { good: env({}), bad: env({ name: "" }), at: `${C}.env[0].name` },
  "env-name": { good: env({ name: "a-b.c" }), bad: env({ name: "a=b" }), at: `${C}.env[0].name` },
  "env-twice": {
    good: container({ env: [{ name: "A" }, { name: "B" }] }),
    bad: container({ env: [{ name: "A" }, { name: "A" }] }),
    at: `${C}.env[1]`,
  },
  "env-value-and-source": {
    good: env({ value: "", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }),
    bad: env({ value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }),
    at: `${C}.env[0].valueFrom`,
  },
  "env-source": {
    good: env({ valueFrom: { secretKeyRef: { name: "s", key: "k" } } }),
    bad: env({ valueFrom: {} }),
    at: `${C}.env[0].valueFrom`,
  },
  "reference-name": {
    good: env({ valueFrom: { configMapKeyRef: { name: "c", key: "k" } } }),
    bad: env({ valueFrom: { configMapKeyRef: { key: "k" } } }),
    at: `${C}.env[0].valueFrom.configMapKeyRef.name`,
  },
  "reference-key": {
    good: env({ valueFrom: { configMapKeyRef: { name: "c", key: "k" } } }),
    bad: env({ valueFrom: { configMapKeyRef: { name: "c", key: "" } } }),
    at: `${C}.env[0].valueFrom.configMapKeyRef.key`,
  },
  "reference-key-form": {
    good: env({ valueFrom: { secretKeyRef: { name: "s", key: "a.b_C-1" } } }),
    bad: env({ valueFrom: { secretKeyRef: { name: "s", key: "..a" } } }),
    at: `${C}.env[0].valueFrom.secretKeyRef.key`,
  },
  "field-path": {
    good: env({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a/b']" } } }),
    bad: env({ valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }),
    at: `${C}.env[0].valueFrom.fieldRef.fieldPath`,
  },
  "field-path-required": {
    good: env({ valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }),
    bad: env({ valueFrom: { fieldRef: { fieldPath: "" } } }),
    at: `${C}.env[0].valueFrom.fieldRef.fieldPath`,
  },
  "resource-field": {
    good: env({ valueFrom: { resourceFieldRef: { resource: "requests.memory" } } }),
    bad: env({ valueFrom: { resourceFieldRef: { resource: "memory" } } }),
    at: `${C}.env[0].valueFrom.resourceFieldRef.resource`,
  },
  "resource-field-container": {
    good: downward({ resourceFieldRef: { containerName: "app", resource: "limits.cpu" } }),
    bad: downward({ resourceFieldRef: { resource: "limits.cpu" } }),
    at: `${T}.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName`,
  },
  "env-from-source": {
    good: container({ envFrom: [{ secretRef: { name: "s" } }] }),
    bad: container({ envFrom: [{}] }),
    at: `${C}.envFrom`,
  },
  "env-from-prefix": {
    good: container({ envFrom: [{ secretRef: { name: "s" }, prefix: "A_" }] }),
    bad: container({ envFrom: [{ secretRef: { name: "s" }, prefix: "A=" }] }),
    at: `${C}.envFrom[0].prefix`,
  },
  "mount-name-required": { good: mount({}), bad: mount({ name: "" }), at: `${C}.volumeMounts[0].name` },
  "mount-without-volume": {
    good: set({
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }],
      template: template({ containers: [app({ volumeMounts: [{ name: "data", mountPath: "/data" }] })] }),
    }),
    bad: mount({ name: "w" }),
    at: `${C}.volumeMounts[0].name`,
  },
  "mount-path-required": { good: mount({}), bad: mount({ mountPath: "" }), at: `${C}.volumeMounts[0].mountPath` },
  "mount-path-twice": {
    good: mount({}),
    bad: container(
      {
        volumeMounts: [
          { name: "v", mountPath: "/v" },
          { name: "v", mountPath: "/v", subPath: "a" },
        ],
      },
      { volumes: [{ name: "v" }] },
    ),
    at: `${C}.volumeMounts[1].mountPath`,
  },
  "sub-path": { good: mount({ subPath: "a/b" }), bad: mount({ subPath: "../a" }), at: `${C}.volumeMounts.subPath` },
  "sub-path-both": {
    good: mount({ subPathExpr: "$(A)" }),
    bad: mount({ subPath: "a", subPathExpr: "b" }),
    at: `${C}.volumeMounts[0].subPathExpr`,
  },
  "mount-propagation": {
    good: mount({ mountPropagation: "HostToContainer" }),
    bad: mount({ mountPropagation: "Bidirectional" }),
    at: `${C}.volumeMounts.mountPropagation`,
  },
  "mount-recursive": {
    good: mount({ readOnly: true, recursiveReadOnly: "Enabled" }),
    bad: mount({ recursiveReadOnly: "Enabled" }),
    at: `${C}.volumeMounts.recursiveReadOnly`,
  },
  "device-volume": {
    good: device("v", "/dev/x"),
    bad: device("v", "/dev/x", [{ name: "v", emptyDir: {} }]),
    at: `${C}.volumeDevices[0].name`,
  },
  "device-without-volume": {
    good: device("v", "/dev/x"),
    bad: device("w", "/dev/x"),
    at: `${C}.volumeDevices[0].name`,
  },
  "device-path": { good: device("v", "/dev/x"), bad: device("v", ""), at: `${C}.volumeDevices[0].devicePath` },
  "device-twice": {
    good: device("v", "/dev/x"),
    bad: container(
      { volumeDevices: [{ name: "v", devicePath: "/a" }], volumeMounts: [{ name: "v", mountPath: "/b" }] },
      { volumes: [CLAIM] },
    ),
    at: `${C}.volumeMounts[0].name`,
  },
  "device-path-form": {
    good: device("v", "/dev/x"),
    bad: device("v", "/dev/../x"),
    at: `${C}.volumeDevices[0].devicePath`,
  },
  "resize-policy": {
    good: container({ resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] }),
    bad: container({ resizePolicy: [{ resourceName: "gpu", restartPolicy: "NotRequired" }] }),
    at: `${C}.resizePolicy[0].resourceName`,
  },
  "resize-policy-twice": {
    good: container({
      resizePolicy: [
        { resourceName: "cpu", restartPolicy: "NotRequired" },
        { resourceName: "memory", restartPolicy: "RestartContainer" },
      ],
    }),
    bad: container({
      resizePolicy: [
        { resourceName: "cpu", restartPolicy: "NotRequired" },
        { resourceName: "cpu", restartPolicy: "NotRequired" },
      ],
    }),
    at: `${C}.resizePolicy[1]`,
  },
  "probe-negative": {
    good: container({ readinessProbe: { ...exec, periodSeconds: 0 } }),
    bad: container({ readinessProbe: { ...exec, periodSeconds: -1 } }),
    at: `${C}.readinessProbe.periodSeconds`,
  },
  "probe-success-threshold": {
    good: container({ livenessProbe: { ...exec, successThreshold: 1 } }),
    bad: container({ livenessProbe: { ...exec, successThreshold: 2 } }),
    at: `${C}.livenessProbe.successThreshold`,
  },
  "probe-grace": {
    good: container({ livenessProbe: { ...exec, terminationGracePeriodSeconds: 1 } }),
    bad: container({ livenessProbe: { ...exec, terminationGracePeriodSeconds: 0 } }),
    at: `${C}.livenessProbe.terminationGracePeriodSeconds`,
  },
  "probe-grace-readiness": {
    good: container({ readinessProbe: exec }),
    bad: container({ readinessProbe: { ...exec, terminationGracePeriodSeconds: 1 } }),
    at: `${C}.readinessProbe.terminationGracePeriodSeconds`,
  },
  "handler-required": {
    good: container({ lifecycle: { preStop: exec } }),
    bad: container({ lifecycle: { preStop: {} } }),
    at: `${C}.lifecycle.preStop`,
  },
  "handler-many": {
    good: container({ readinessProbe: exec }),
    bad: container({ readinessProbe: { ...exec, httpGet: { port: 80 } } }),
    at: `${C}.readinessProbe.httpGet`,
  },
  "handler-command": {
    good: container({ readinessProbe: exec }),
    bad: container({ readinessProbe: { exec: {} } }),
    at: `${C}.readinessProbe.exec.command`,
  },
  "handler-port": {
    good: container({ readinessProbe: { httpGet: { port: "http" } } }),
    bad: container({ readinessProbe: { httpGet: { port: "80" } } }),
    at: `${C}.readinessProbe.httpGet.port`,
  },
  "handler-header": {
    good: container({ readinessProbe: { httpGet: { port: 80, httpHeaders: [{ name: "X-A", value: "" }] } } }),
    bad: container({ readinessProbe: { httpGet: { port: 80, httpHeaders: [{ name: "X A", value: "" }] } } }),
    at: `${C}.readinessProbe.httpGet.httpHeaders`,
  },
  "handler-sleep": {
    good: container({ lifecycle: { preStop: { sleep: { seconds: 60 } } } }, { terminationGracePeriodSeconds: 60 }),
    bad: container({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    at: `${C}.lifecycle.preStop.sleep`,
  },
  "resource-name": {
    good: resources({ "ephemeral-storage": "1Gi", "example.com/gpu": 1 }),
    bad: resources({ gpu: 1 }),
    at: `${C}.resources.limits[gpu]`,
  },
  quantity: {
    good: resources({ cpu: 0.5, memory: "1e3" }),
    bad: resources({ memory: "1 Gi" }),
    at: `${C}.resources.limits[memory]`,
  },
  "quantity-negative": {
    good: resources({ cpu: 0 }),
    bad: resources({ cpu: -1 }),
    at: `${C}.resources.limits[cpu]`,
  },
  "quantity-integer": {
    good: resources({ "example.com/gpu": "2000m" }),
    bad: resources({ "example.com/gpu": "1500m" }),
    at: `${C}.resources.limits[example.com/gpu]`,
  },
  "request-above-limit": {
    good: resources({ memory: "1Gi" }, { memory: "1024Mi" }),
    bad: resources({ memory: "1Gi" }, { memory: "1025Mi" }),
    at: `${C}.resources.requests`,
  },
  "request-not-limit": {
    good: resources({ "example.com/gpu": 1 }, { "example.com/gpu": 1 }),
    bad: resources({ "example.com/gpu": 2 }, { "example.com/gpu": 1 }),
    at: `${C}.resources.requests`,
  },
  "limit-required": {
    good: resources({ "example.com/gpu": 1 }),
    bad: resources({}, { "example.com/gpu": 1 }),
    at: `${C}.resources.limits`,
  },
  "huge-pages-alone": {
    good: resources({ "hugepages-2Mi": "2Mi", cpu: 1 }),
    bad: resources({ "hugepages-2Mi": "2Mi" }),
    at: `${C}.resources`,
  },
  "container-claim": {
    good: container(
      { resources: { claims: [{ name: "c" }] } },
      { resourceClaims: [{ name: "c", resourceClaimName: "x" }] },
    ),
    bad: container({ resources: { claims: [{ name: "c" }] } }),
    at: `${C}.resources.claims[0]`,
  },
  "container-claim-twice": {
    good: container(
      {
        resources: {
          claims: [
            { name: "c", request: "a" },
            { name: "c", request: "b" },
          ],
        },
      },
      { resourceClaims: [{ name: "c", resourceClaimName: "x" }] },
    ),
    bad: container(
      { resources: { claims: [{ name: "c" }, { name: "c" }] } },
      { resourceClaims: [{ name: "c", resourceClaimName: "x" }] },
    ),
    at: `${C}.resources.claims[1]`,
  },
  "id-negative": {
    good: container({ securityContext: { runAsUser: 0 } }),
    bad: container({ securityContext: { runAsUser: -1 } }),
    at: `${C}.securityContext.runAsUser`,
  },
  sysctl: {
    good: pod({ securityContext: { sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }] } }),
    bad: pod({ securityContext: { sysctls: [{ name: "a b", value: "1" }] } }),
    at: `${T}.securityContext.sysctls[0].name`,
  },
  "sysctl-required": {
    good: pod({ securityContext: { sysctls: [] } }),
    bad: pod({ securityContext: { sysctls: [{ name: "", value: "1" }] } }),
    at: `${T}.securityContext.sysctls[0].name`,
  },
  "sysctl-twice": {
    good: pod({
      securityContext: {
        sysctls: [
          { name: "a.b", value: "1" },
          { name: "a.c", value: "1" },
        ],
      },
    }),
    bad: pod({
      securityContext: {
        sysctls: [
          { name: "a.b", value: "1" },
          { name: "a.b", value: "1" },
        ],
      },
    }),
    at: `${T}.securityContext.sysctls[1].name`,
  },
  "privilege-escalation": {
    good: container({ securityContext: { privileged: false, allowPrivilegeEscalation: false } }),
    bad: container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    at: `${C}.securityContext`,
  },
  "profile-path-required": {
    good: pod({ securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "a" } } }),
    bad: pod({ securityContext: { seccompProfile: { type: "Localhost" } } }),
    at: `${T}.securityContext.seccompProfile.localhostProfile`,
  },
  "profile-path-extra": {
    good: pod({ securityContext: { seccompProfile: { type: "RuntimeDefault" } } }),
    bad: pod({ securityContext: { seccompProfile: { type: "RuntimeDefault", localhostProfile: "a" } } }),
    at: `${T}.securityContext.seccompProfile.localhostProfile`,
  },
  "profile-path": {
    good: pod({ securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "a/b" } } }),
    bad: pod({ securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "/a" } } }),
    at: `${T}.securityContext.seccompProfile.localhostProfile`,
  },
  "volume-name-required": {
    good: volume({}),
    bad: volume({ name: "" }),
    at: `${T}.volumes[0].name`,
  },
  "volume-name": { good: volume({}), bad: volume({ name: "a.b" }), at: `${T}.volumes[0].name` },
  "volume-name-twice": {
    good: pod({ volumes: [{ name: "a" }, { name: "b" }] }),
    bad: pod({ volumes: [{ name: "a" }, { name: "a" }] }),
    at: `${T}.volumes[1].name`,
  },
  "volume-sources": {
    good: volume({ emptyDir: {} }),
    bad: volume({ emptyDir: {}, hostPath: { path: "/" } }),
    at: `${T}.volumes[0].hostPath`,
  },
  "volume-member": {
    good: volume({ secret: { secretName: "s" } }),
    bad: volume({ secret: {} }),
    at: `${T}.volumes[0].secret.secretName`,
  },
  "volume-path": {
    good: volume({ hostPath: { path: "/a/..b" } }),
    bad: volume({ hostPath: { path: "/a/../b" } }),
    at: `${T}.volumes[0].hostPath.path`,
  },
  "volume-mode": {
    good: volume({ secret: { secretName: "s", defaultMode: 511 } }),
    bad: volume({ secret: { secretName: "s", defaultMode: 512 } }),
    at: `${T}.volumes[0].secret.defaultMode`,
  },
  "volume-downward-source": {
    good: downward({ fieldRef: { fieldPath: "metadata.labels" } }),
    bad: downward({}),
    at: `${T}.volumes[0].downwardAPI.items[0]`,
  },
  "volume-projected-sources": {
    good: projected({ secret: { name: "s" } }),
    bad: projected({ secret: { name: "s" }, configMap: { name: "c" } }),
    at: `${T}.volumes[0].projected.sources[0]`,
  },
  "volume-token-expiry": {
    good: projected({ serviceAccountToken: { path: "t", expirationSeconds: 600 } }),
    bad: projected({ serviceAccountToken: { path: "t", expirationSeconds: 599 } }),
    at: `${T}.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds`,
  },
  "volume-size-limit": {
    good: volume({ emptyDir: { sizeLimit: "1Gi" } }),
    bad: volume({ emptyDir: { sizeLimit: "-1" } }),
    at: `${T}.volumes[0].emptyDir.sizeLimit`,
  },
  "volume-driver": {
    good: volume({ csi: { driver: "csi.example.com" } }),
    bad: volume({ csi: { driver: "a_b" } }),
    at: `${T}.volumes[0].csi.driver`,
  },
  "volume-claim-modes": {
    good: ephemeral({}),
    bad: ephemeral({ accessModes: [] }),
    at: `${T}.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes`,
  },
  "volume-claim-storage": {
    good: ephemeral({}),
    bad: ephemeral({ resources: {} }),
    at: `${T}.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]`,
  },
  "volume-claim-size": {
    good: ephemeral({}),
    bad: ephemeral({ resources: { requests: { storage: "0" } } }),
    at: `${T}.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]`,
  },
};
