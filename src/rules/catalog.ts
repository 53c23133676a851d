import type { ProblemKind } from "./problem-kinds.ts";

/** A rule as users meet it. */
export interface Rule {
  /** Where it looks; `[*]` stands for any element, `<list>` for containers or initContainers, `**` for any depth. */
  field: string;
  kind: ProblemKind;
  /** What is wanted; `{name}` is filled in. */
  says: string;
}

const C = "spec.template.spec.<list>[*]";
const T = "spec.template.spec";

/** Every rule beyond the schema, in the order of the table in docs/admission-rules.md. */
export const catalog = {
  // The CloneSet itself.
  "metadata-labels": { field: "metadata.labels", kind: "Invalid", says: "must be {wanted}" },
  "metadata-annotations": { field: "metadata.annotations", kind: "Invalid", says: "must be {wanted}" },
  "selector-required": { field: "spec.selector", kind: "Required", says: "give matchLabels or matchExpressions" },
  "selector-empty": {
    field: "spec.selector",
    kind: "Invalid",
    says: "must not be empty; give matchLabels or matchExpressions",
  },
  "selector-immutable": {
    field: "spec.selector",
    kind: "Invalid",
    says: "cannot be changed after creation; create a CloneSet under another name instead",
  },
  "selector-key": { field: "**.matchLabels", kind: "Invalid", says: "must have keys of {wanted}" },
  "selector-value": { field: "**.matchLabels", kind: "Invalid", says: "must have values of {wanted}" },
  "expression-key": { field: "**.matchExpressions[*].key", kind: "Invalid", says: "must be {wanted}" },
  "expression-operator": {
    field: "**.matchExpressions[*].operator",
    kind: "Invalid",
    says: "must be one of {wanted}",
  },
  "expression-values-required": {
    field: "**.matchExpressions[*].values",
    kind: "Required",
    says: "must be given with {operator}",
  },
  "expression-values-forbidden": {
    field: "**.matchExpressions[*].values",
    kind: "Forbidden",
    says: "must be left out with {operator}",
  },
  "expression-value": { field: "**.matchExpressions[*].values[*]", kind: "Invalid", says: "must be {wanted}" },
  "template-required": { field: "spec.template", kind: "Required", says: "say which pods to create" },
  "template-labels-match": {
    field: "spec.template.metadata.labels",
    kind: "Invalid",
    says: "must meet spec.selector, or the pods would not belong to this CloneSet",
  },
  "pod-count": {
    field: "spec.updateStrategy.{partition,maxUnavailable,maxSurge}, spec.scaleStrategy.maxUnavailable",
    kind: "Invalid",
    says: 'must be a number of pods (an integer from 0, such as 3) or a percentage of replicas (such as "20%" or "33.3%")',
  },
  "no-budget": {
    field: "spec.updateStrategy.maxUnavailable",
    kind: "Invalid",
    says: "must not be 0 while maxSurge is 0 too, or no pod could ever be updated; raise one of them",
  },
  "in-place-only-surge": {
    field: "spec.updateStrategy.maxSurge",
    kind: "Invalid",
    says: "must be 0 with type InPlaceOnly, which never creates a pod for an update",
  },
  "in-place-only-change": {
    field: "spec.template.spec",
    kind: "Forbidden",
    says: "with type InPlaceOnly only images of containers may change: {why}; use InPlaceIfPossible to allow new pods",
  },
  "progress-deadline": {
    field: "spec.progressDeadlineSeconds",
    kind: "Invalid",
    says: "must be greater than minReadySeconds ({minReadySeconds}), or 2147483647 for no deadline",
  },
  "pods-to-delete-empty": {
    field: "spec.scaleStrategy.podsToDelete[*]",
    kind: "Invalid",
    says: "must be the name of a pod, and not empty",
  },
  "pods-to-delete-twice": {
    field: "spec.scaleStrategy.podsToDelete[*]",
    kind: "Duplicate",
    says: "name each pod once",
  },
  "two-priorities": {
    field: "spec.updateStrategy.priorityStrategy",
    kind: "Invalid",
    says: "must use either weightPriority or orderPriority, not both",
  },
  "weight-selector-empty": {
    field: "spec.updateStrategy.priorityStrategy.weightPriority[*].matchSelector",
    kind: "Invalid",
    says: "must not be empty; give matchLabels or matchExpressions",
  },
  "ordered-key": {
    field: "spec.updateStrategy.priorityStrategy.orderPriority[*].orderedKey",
    kind: "Invalid",
    says: "must be the key of a pod label, and not empty",
  },
  "scatter-key": {
    field: "spec.updateStrategy.scatterStrategy[*].key",
    kind: "Invalid",
    says: "must be the key of a pod label, and not empty",
  },
  "scatter-twice": {
    field: "spec.updateStrategy.scatterStrategy[*]",
    kind: "Duplicate",
    says: "name each pair of key and value once",
  },
  "claim-name-required": {
    field: "spec.volumeClaimTemplates[*].metadata.name",
    kind: "Required",
    says: "the claims, and the volume in the pod, are named after it",
  },
  "claim-name": { field: "spec.volumeClaimTemplates[*].metadata.name", kind: "Invalid", says: "must be {wanted}" },
  "claim-name-twice": {
    field: "spec.volumeClaimTemplates",
    kind: "Invalid",
    says: "must have names that differ from each other",
  },
  "claim-named-as-volume": {
    field: "spec.volumeClaimTemplates",
    kind: "Invalid",
    says: "must not have the name of a volume in spec.template.spec.volumes; a claim template brings the volume of its name itself",
  },

  // Metadata of the pods.
  "label-key": { field: "spec.template.metadata.labels", kind: "Invalid", says: "must have keys of {wanted}" },
  "label-value": { field: "spec.template.metadata.labels", kind: "Invalid", says: "must have values of {wanted}" },
  "annotation-key": {
    field: "spec.template.metadata.annotations",
    kind: "Invalid",
    says: "must have keys of {wanted}",
  },
  "annotations-too-long": {
    field: "spec.template.metadata.annotations",
    kind: "TooLong",
    says: "must be at most 262144 bytes, keys and values together",
  },
  "deletion-cost": {
    field: "spec.template.metadata.annotations[controller.kubernetes.io/pod-deletion-cost]",
    kind: "Invalid",
    says: "must be a 32-bit integer without leading zeros or plus sign",
  },
  finalizer: { field: "spec.template.metadata.finalizers", kind: "Invalid", says: "must be {wanted}" },

  // The pod as a whole.
  "restart-policy": {
    field: `${T}.restartPolicy`,
    kind: "Invalid",
    says: "must be Always (or left out); a CloneSet keeps its containers running",
  },
  "active-deadline": {
    field: `${T}.activeDeadlineSeconds`,
    kind: "Forbidden",
    says: "must not be set; pods of a CloneSet have no deadline",
  },
  "ephemeral-containers": {
    field: `${T}.ephemeralContainers`,
    kind: "Forbidden",
    says: "must not be set; ephemeral containers are added to running pods, not to a template",
  },
  "containers-required": { field: `${T}.containers`, kind: "Required", says: "a pod needs at least one container" },
  "object-name": {
    field: `${T}.{serviceAccountName,nodeName,priorityClassName,runtimeClassName}`,
    kind: "Invalid",
    says: "must be {wanted}",
  },
  "host-name": { field: `${T}.{hostname,subdomain}`, kind: "Invalid", says: "must be {wanted}" },
  "node-selector": { field: `${T}.nodeSelector`, kind: "Invalid", says: "must have {wanted}" },
  "dns-none": {
    field: `${T}.dnsConfig`,
    kind: "Required",
    says: "must be given with dnsPolicy None, with at least one nameserver",
  },
  "dns-nameservers": { field: `${T}.dnsConfig.nameservers`, kind: "Invalid", says: "must not be more than 3" },
  "dns-nameserver": { field: `${T}.dnsConfig.nameservers[*]`, kind: "Invalid", says: "must be {wanted}" },
  "dns-searches": {
    field: `${T}.dnsConfig.searches`,
    kind: "Invalid",
    says: "must not be more than 32, and not longer than 2048 characters together",
  },
  "dns-search": { field: `${T}.dnsConfig.searches[*]`, kind: "Invalid", says: "must be {wanted}" },
  "dns-option": { field: `${T}.dnsConfig.options[*]`, kind: "Required", says: "must have a name" },
  "host-alias-ip": { field: `${T}.hostAliases[*].ip`, kind: "Invalid", says: "must be {wanted}" },
  "host-alias-name": { field: `${T}.hostAliases[*].hostnames[*]`, kind: "Invalid", says: "must be {wanted}" },
  "readiness-gate": { field: `${T}.readinessGates[*].conditionType`, kind: "Invalid", says: "must be {wanted}" },
  "scheduling-gate": { field: `${T}.schedulingGates[*]`, kind: "Invalid", says: "must be {wanted}" },
  "scheduling-gate-twice": { field: `${T}.schedulingGates[*]`, kind: "Duplicate", says: "name each gate once" },
  "host-pid": {
    field: `${T}.shareProcessNamespace`,
    kind: "Invalid",
    says: "must not be true together with hostPID",
  },
  "host-users": {
    field: `${T}.{hostNetwork,hostPID,hostIPC}`,
    kind: "Forbidden",
    says: "must not be true when hostUsers is false",
  },
  "os-name": { field: `${T}.os`, kind: "NotSupported", says: "must be linux or windows" },
  "resource-claim-name": { field: `${T}.resourceClaims[*].name`, kind: "Invalid", says: "must be {wanted}" },
  "resource-claim-twice": { field: `${T}.resourceClaims[*].name`, kind: "Duplicate", says: "name each claim once" },
  "resource-claim-source": {
    field: `${T}.resourceClaims[*]`,
    kind: "Invalid",
    says: "must name exactly one of resourceClaimName and resourceClaimTemplateName",
  },
  overhead: { field: `${T}.overhead[*]`, kind: "Invalid", says: "must be {wanted}" },
  "pod-resource": {
    field: `${T}.resources.{limits,requests}[*]`,
    kind: "NotSupported",
    says: "only cpu, memory and huge pages can be given for the pod as a whole",
  },

  // Where pods run.
  "toleration-key": { field: `${T}.tolerations[*].key`, kind: "Invalid", says: "must be {wanted}" },
  "toleration-operator": {
    field: `${T}.tolerations[*].operator`,
    kind: "Invalid",
    says: "must be Exists when no key is given, which means: every taint",
  },
  "toleration-value": {
    field: `${T}.tolerations[*].operator`,
    kind: "Invalid",
    says: "must not have a value with Exists",
  },
  "toleration-value-form": {
    field: `${T}.tolerations[*].operator`,
    kind: "Invalid",
    says: "must have a value of {wanted}",
  },
  "toleration-seconds": {
    field: `${T}.tolerations[*].effect`,
    kind: "Invalid",
    says: "must be NoExecute when tolerationSeconds is given",
  },
  "spread-skew": {
    field: `${T}.topologySpreadConstraints[*].maxSkew`,
    kind: "Invalid",
    says: "must be at least 1",
  },
  "spread-key": { field: `${T}.topologySpreadConstraints[*].topologyKey`, kind: "Required", says: "name a node label" },
  "spread-min-domains": {
    field: `${T}.topologySpreadConstraints[*].minDomains`,
    kind: "Invalid",
    says: "must be at least 1, and only with whenUnsatisfiable DoNotSchedule",
  },
  "spread-twice": {
    field: `${T}.topologySpreadConstraints[*]`,
    kind: "Duplicate",
    says: "name each pair of topologyKey and whenUnsatisfiable once",
  },
  "match-label-keys": {
    field: `${T}.**.{matchLabelKeys,mismatchLabelKeys}`,
    kind: "Forbidden",
    says: "must not be set without a labelSelector",
  },
  "affinity-terms": {
    field: `${T}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`,
    kind: "Required",
    says: "must have at least one term",
  },
  "affinity-single-value": {
    field: `${T}.affinity.nodeAffinity.**.matchExpressions[*].values`,
    kind: "Required",
    says: "must be exactly one value with {operator}",
  },
  "affinity-value": {
    field: `${T}.affinity.nodeAffinity.**.matchExpressions[*].values[*]`,
    kind: "Invalid",
    says: "must be {wanted}",
  },
  "affinity-field": {
    field: `${T}.affinity.nodeAffinity.**.matchFields[*].key`,
    kind: "Invalid",
    says: "must be metadata.name",
  },
  "affinity-field-values": {
    field: `${T}.affinity.nodeAffinity.**.matchFields[*].values`,
    kind: "Required",
    says: "must be exactly one value",
  },
  "affinity-weight": { field: `${T}.affinity.**.weight`, kind: "Invalid", says: "must be between 1 and 100" },
  "affinity-topology-key": {
    field: `${T}.affinity.{podAffinity,podAntiAffinity}.**.topologyKey`,
    kind: "Required",
    says: "name a node label",
  },
  "affinity-topology-key-form": {
    field: `${T}.affinity.{podAffinity,podAntiAffinity}.**.topologyKey`,
    kind: "Invalid",
    says: "must be {wanted}",
  },
  "affinity-namespace": {
    field: `${T}.affinity.{podAffinity,podAntiAffinity}.**.namespaces[*]`,
    kind: "Invalid",
    says: "must be {wanted}",
  },

  // Containers.
  "container-name-required": { field: `${C}.name`, kind: "Required", says: "containers are told apart by it" },
  "container-name": { field: `${C}.name`, kind: "Invalid", says: "must be {wanted}" },
  "container-name-twice": {
    field: `${C}.name`,
    kind: "Duplicate",
    says: "give each container and init container another name",
  },
  "image-required": { field: `${C}.image`, kind: "Required", says: "a container needs an image" },
  "image-space": { field: `${C}.image`, kind: "Invalid", says: "must not start or end with white space" },
  "init-container-hooks": {
    field: `${T}.initContainers[*].{lifecycle,livenessProbe,readinessProbe,startupProbe}`,
    kind: "Forbidden",
    says: "must not be set for an init container, unless it is a sidecar (restartPolicy Always)",
  },
  "container-restart-policy": {
    field: `${C}.restartPolicy`,
    kind: "NotSupported",
    says: "must be one of Always, Never, OnFailure",
  },
  "port-number": { field: `${C}.ports[*].containerPort`, kind: "Invalid", says: "must be between 1 and 65535" },
  "port-required": { field: `${C}.ports[*].containerPort`, kind: "Required", says: "must be between 1 and 65535" },
  "host-port-number": { field: `${C}.ports[*].hostPort`, kind: "Invalid", says: "must be between 1 and 65535" },
  "host-port-twice": {
    field: `${C}.ports[*].hostPort`,
    kind: "Duplicate",
    says: "a port of the node can be given away once",
  },
  "host-network-port": {
    field: `${C}.ports[*].hostPort`,
    kind: "Invalid",
    says: "must be equal to containerPort in the network of the host",
  },
  "port-name": { field: `${C}.ports[*].name`, kind: "Invalid", says: "must be {wanted}" },
  "port-name-twice": {
    field: `${C}.ports[*].name`,
    kind: "Duplicate",
    says: "give each port of a container another name",
  },
  "env-name-required": { field: `${C}.env[*].name`, kind: "Required", says: "a variable needs a name" },
  "env-name": { field: `${C}.env[*].name`, kind: "Invalid", says: "must be {wanted}" },
  "env-twice": {
    field: `${C}.env[*]`,
    kind: "Duplicate",
    says: "name each variable once, or nobody can tell which value counts",
  },
  "env-value-and-source": {
    field: `${C}.env[*].valueFrom`,
    kind: "Invalid",
    says: "must not be given together with value",
  },
  "env-source": {
    field: `${C}.env[*].valueFrom`,
    kind: "Invalid",
    says: "must have exactly one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef",
  },
  "reference-name": { field: `${C}.{env[*].valueFrom,envFrom[*]}.*.name`, kind: "Required", says: "name the object" },
  "reference-key": {
    field: `${C}.env[*].valueFrom.{configMapKeyRef,secretKeyRef}.key`,
    kind: "Required",
    says: "name the key",
  },
  "reference-key-form": {
    field: `${C}.env[*].valueFrom.{configMapKeyRef,secretKeyRef}.key`,
    kind: "Invalid",
    says: "must be {wanted}",
  },
  "field-path": {
    field: `${T}.**.fieldRef.fieldPath`,
    kind: "Invalid",
    says: "must be a field that can be handed to a container: {wanted}",
  },
  "field-path-required": { field: `${T}.**.fieldRef.fieldPath`, kind: "Required", says: "name a field of the pod" },
  "resource-field": {
    field: `${T}.**.resourceFieldRef.resource`,
    kind: "NotSupported",
    says: "must be requests. or limits. and one of cpu, memory, ephemeral-storage, hugepages-*",
  },
  "resource-field-container": {
    field: `${T}.volumes[*].**.resourceFieldRef.containerName`,
    kind: "Required",
    says: "name the container",
  },
  "env-from-source": {
    field: `${C}.envFrom`,
    kind: "Invalid",
    says: "must have exactly one of configMapRef and secretRef in each entry",
  },
  "env-from-prefix": { field: `${C}.envFrom[*].prefix`, kind: "Invalid", says: "must be {wanted}" },
  "mount-name-required": { field: `${C}.volumeMounts[*].name`, kind: "Required", says: "name a volume of the pod" },
  "mount-without-volume": {
    field: `${C}.volumeMounts[*].name`,
    kind: "NotFound",
    says: "",
  },
  "mount-path-required": { field: `${C}.volumeMounts[*].mountPath`, kind: "Required", says: "say where to mount it" },
  "mount-path-twice": {
    field: `${C}.volumeMounts[*].mountPath`,
    kind: "Invalid",
    says: "must be unique within the container",
  },
  "sub-path": { field: `${C}.volumeMounts.{subPath,subPathExpr}`, kind: "Invalid", says: "must be {wanted}" },
  "sub-path-both": {
    field: `${C}.volumeMounts[*].subPathExpr`,
    kind: "Invalid",
    says: "must not be given together with subPath",
  },
  "mount-propagation": {
    field: `${C}.volumeMounts.mountPropagation`,
    kind: "Forbidden",
    says: "Bidirectional is for privileged containers only",
  },
  "mount-recursive": {
    field: `${C}.volumeMounts.recursiveReadOnly`,
    kind: "Forbidden",
    says: "{why}",
  },
  "device-volume": {
    field: `${C}.volumeDevices[*].name`,
    kind: "Invalid",
    says: "must name a volume that is a claim; nothing else can be a block device",
  },
  "device-without-volume": { field: `${C}.volumeDevices[*].name`, kind: "NotFound", says: "" },
  "device-path": { field: `${C}.volumeDevices[*].devicePath`, kind: "Required", says: "say where to put the device" },
  "device-twice": {
    field: `${C}.{volumeDevices,volumeMounts}[*].{name,devicePath}`,
    kind: "Invalid",
    says: "must be unique, also among volumeMounts",
  },
  "device-path-form": {
    field: `${C}.volumeDevices[*].devicePath`,
    kind: "Invalid",
    says: 'must be a path without ".."',
  },
  "resize-policy": {
    field: `${C}.resizePolicy[*].{resourceName,restartPolicy}`,
    kind: "NotSupported",
    says: "must be {wanted}",
  },
  "resize-policy-twice": { field: `${C}.resizePolicy[*]`, kind: "Duplicate", says: "name each resource once" },

  // Probes and hooks.
  "probe-negative": {
    field: `${C}.*Probe.{initialDelaySeconds,timeoutSeconds,periodSeconds,successThreshold,failureThreshold}`,
    kind: "Invalid",
    says: "must be at least 0",
  },
  "probe-success-threshold": {
    field: `${C}.{livenessProbe,startupProbe}.successThreshold`,
    kind: "Invalid",
    says: "must be 1",
  },
  "probe-grace": {
    field: `${C}.{livenessProbe,startupProbe}.terminationGracePeriodSeconds`,
    kind: "Invalid",
    says: "must be greater than 0",
  },
  "probe-grace-readiness": {
    field: `${C}.readinessProbe.terminationGracePeriodSeconds`,
    kind: "Invalid",
    says: "must not be set: a readiness probe ends no container",
  },
  "handler-required": {
    field: `${C}.{*Probe,lifecycle.postStart,lifecycle.preStop}`,
    kind: "Required",
    says: "say what to do: one of {wanted}",
  },
  "handler-many": {
    field: `${C}.{*Probe,lifecycle.postStart,lifecycle.preStop}.*`,
    kind: "Forbidden",
    says: "must not be given beside another handler",
  },
  "handler-command": { field: `${C}.**.exec.command`, kind: "Required", says: "name a program" },
  "handler-port": {
    field: `${C}.**.{httpGet,tcpSocket,grpc}.port`,
    kind: "Invalid",
    says: "must be between 1 and 65535, or the name of a port: {wanted}",
  },
  "handler-header": { field: `${C}.**.httpGet.httpHeaders`, kind: "Invalid", says: "must have names of {wanted}" },
  "handler-sleep": {
    field: `${C}.lifecycle.{postStart,preStop}.sleep`,
    kind: "Invalid",
    says: "must sleep between 0 and terminationGracePeriodSeconds ({grace}) seconds",
  },

  // Resources.
  "resource-name": { field: `${C}.resources.{limits,requests}[*]`, kind: "Invalid", says: "must be {wanted}" },
  quantity: { field: `${T}.**`, kind: "Invalid", says: 'must be a quantity such as "500m", "1.5Gi" or 2' },
  "quantity-negative": {
    field: `${C}.resources.{limits,requests}[*]`,
    kind: "Invalid",
    says: "must be at least 0",
  },
  "quantity-integer": {
    field: `${C}.resources.{limits,requests}[*]`,
    kind: "Invalid",
    says: "must be a whole number for this resource",
  },
  "request-above-limit": {
    field: `${C}.resources.requests`,
    kind: "Invalid",
    says: "must not be more than the {resource} limit of {limit}",
  },
  "request-not-limit": {
    field: `${C}.resources.requests`,
    kind: "Invalid",
    says: "must be equal to the {resource} limit of {limit}, because this resource cannot be overcommitted",
  },
  "limit-required": {
    field: `${C}.resources.limits`,
    kind: "Required",
    says: "must be given for {resource}, which cannot be overcommitted",
  },
  "huge-pages-alone": {
    field: `${C}.resources`,
    kind: "Forbidden",
    says: "huge pages need cpu or memory beside them",
  },
  "container-claim": { field: `${C}.resources.claims[*]`, kind: "NotFound", says: "" },
  "container-claim-twice": { field: `${C}.resources.claims[*]`, kind: "Duplicate", says: "name each claim once" },

  // Security.
  "id-negative": {
    field: `${T}.**.securityContext.{runAsUser,runAsGroup,fsGroup,supplementalGroups[*]}`,
    kind: "Invalid",
    says: "must be between 0 and 2147483647",
  },
  sysctl: { field: `${T}.securityContext.sysctls[*].name`, kind: "Invalid", says: "must be {wanted}" },
  "sysctl-required": { field: `${T}.securityContext.sysctls[*].name`, kind: "Required", says: "name the setting" },
  "sysctl-twice": { field: `${T}.securityContext.sysctls[*].name`, kind: "Duplicate", says: "give each setting once" },
  "privilege-escalation": {
    field: `${C}.securityContext`,
    kind: "Invalid",
    says: "allowPrivilegeEscalation must not be false for a container that is {why}",
  },
  "profile-path-required": {
    field: `${T}.**.{seccompProfile,appArmorProfile}.localhostProfile`,
    kind: "Required",
    says: "must be given with type Localhost",
  },
  "profile-path-extra": {
    field: `${T}.**.{seccompProfile,appArmorProfile}.localhostProfile`,
    kind: "Invalid",
    says: "must only be given with type Localhost",
  },
  "profile-path": { field: `${T}.**.seccompProfile.localhostProfile`, kind: "Invalid", says: "must be {wanted}" },

  // Volumes.
  "volume-name-required": { field: `${T}.volumes[*].name`, kind: "Required", says: "mounts refer to it" },
  "volume-name": { field: `${T}.volumes[*].name`, kind: "Invalid", says: "must be {wanted}" },
  "volume-name-twice": { field: `${T}.volumes[*].name`, kind: "Duplicate", says: "give each volume another name" },
  "volume-sources": {
    field: `${T}.volumes[*].*`,
    kind: "Forbidden",
    says: "must not be given beside another kind of volume",
  },
  "volume-member": { field: `${T}.volumes[*].*.*`, kind: "Required", says: "must not be empty" },
  "volume-path": { field: `${T}.volumes[*].**.path`, kind: "Invalid", says: "must be {wanted}" },
  "volume-mode": {
    field: `${T}.volumes[*].**.{defaultMode,mode}`,
    kind: "Invalid",
    says: "must be between 0 and 0777 (octal; 511 in decimal)",
  },
  "volume-downward-source": {
    field: `${T}.volumes[*].**.items[*]`,
    kind: "Required",
    says: "must have exactly one of fieldRef and resourceFieldRef",
  },
  "volume-projected-sources": {
    field: `${T}.volumes[*].projected.sources[*]`,
    kind: "Forbidden",
    says: "must have one kind of source only",
  },
  "volume-token-expiry": {
    field: `${T}.volumes[*].projected.sources[*].serviceAccountToken.expirationSeconds`,
    kind: "Invalid",
    says: "must be at least 600 and at most 4294967296",
  },
  "volume-size-limit": {
    field: `${T}.volumes[*].emptyDir.sizeLimit`,
    kind: "Forbidden",
    says: "must not be negative",
  },
  "volume-driver": { field: `${T}.volumes[*].csi.driver`, kind: "Invalid", says: "must be {wanted}" },
  "volume-claim-modes": {
    field: `${T}.volumes[*].ephemeral.volumeClaimTemplate.spec.accessModes`,
    kind: "Required",
    says: "must have at least one access mode",
  },
  "volume-claim-storage": {
    field: `${T}.volumes[*].ephemeral.volumeClaimTemplate.spec.resources[storage]`,
    kind: "Required",
    says: "say how much storage to ask for",
  },
  "volume-claim-size": {
    field: `${T}.volumes[*].ephemeral.volumeClaimTemplate.spec.resources[storage]`,
    kind: "Invalid",
    says: "must be greater than 0",
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof catalog;
