/** What a missing member of a pod template means: the values that the API server, or the webhook of the original, puts there. */

/**
 * `Type.field` → values that mean the same as nothing. A value fits where every pod without the field behaves as with it; so
 * `SecurityContext.runAsNonRoot: false`, which overrides the pod's setting, is not here.
 */
export const defaults: Record<string, readonly (string | number | boolean)[]> = {
  "PodSpec.dnsPolicy": ["ClusterFirst"],
  "PodSpec.enableServiceLinks": [true],
  "PodSpec.hostUsers": [true],
  "PodSpec.preemptionPolicy": ["PreemptLowerPriority"],
  "PodSpec.restartPolicy": ["Always"],
  "PodSpec.runtimeClassName": [""],
  "PodSpec.schedulerName": ["default-scheduler"],
  "PodSpec.serviceAccountName": ["default"],
  "PodSpec.setHostnameAsFQDN": [false],
  "PodSpec.shareProcessNamespace": [false],
  "PodSpec.terminationGracePeriodSeconds": [30],
  "PodSecurityContext.fsGroupChangePolicy": ["Always"],
  "PodSecurityContext.runAsNonRoot": [false],
  "PodSecurityContext.supplementalGroupsPolicy": ["Merge"],

  "Container.terminationMessagePath": ["/dev/termination-log"],
  "Container.terminationMessagePolicy": ["File"],
  "ContainerPort.protocol": ["TCP"],
  "SecurityContext.privileged": [false],
  "SecurityContext.procMount": ["Default"],
  "SecurityContext.readOnlyRootFilesystem": [false],
  "VolumeMount.mountPropagation": ["None"],
  "VolumeMount.recursiveReadOnly": ["Disabled"],

  "Probe.failureThreshold": [3],
  "Probe.periodSeconds": [10],
  "Probe.successThreshold": [1],
  "Probe.timeoutSeconds": [1],
  "HTTPGetAction.path": ["/"],
  "HTTPGetAction.scheme": ["HTTP"],
  "GRPCAction.service": [""],

  "ObjectFieldSelector.apiVersion": ["v1"],
  // Go writes the zero quantity where no divisor was given, and divides by one.
  "ResourceFieldSelector.divisor": ["0", "1"],
  "ConfigMapEnvSource.optional": [false],
  "ConfigMapKeySelector.optional": [false],
  "SecretEnvSource.optional": [false],
  "SecretKeySelector.optional": [false],

  "Toleration.operator": ["Equal"],
  "TopologySpreadConstraint.minDomains": [1],
  "TopologySpreadConstraint.nodeAffinityPolicy": ["Honor"],
  "TopologySpreadConstraint.nodeTaintsPolicy": ["Ignore"],

  "AzureDiskVolumeSource.cachingMode": ["ReadWrite"],
  "AzureDiskVolumeSource.fsType": ["ext4"],
  "AzureDiskVolumeSource.kind": ["Shared"],
  "AzureDiskVolumeSource.readOnly": [false],
  "CSIVolumeSource.readOnly": [false],
  "ClusterTrustBundleProjection.optional": [false],
  "ConfigMapProjection.optional": [false],
  "ConfigMapVolumeSource.defaultMode": [0o644],
  "ConfigMapVolumeSource.optional": [false],
  "DownwardAPIVolumeSource.defaultMode": [0o644],
  "HostPathVolumeSource.type": [""],
  "ISCSIVolumeSource.iscsiInterface": ["default"],
  "PersistentVolumeClaimSpec.volumeMode": ["Filesystem"],
  "ProjectedVolumeSource.defaultMode": [0o644],
  "RBDVolumeSource.keyring": ["/etc/ceph/keyring"],
  "RBDVolumeSource.pool": ["rbd"],
  "RBDVolumeSource.user": ["admin"],
  "ScaleIOVolumeSource.fsType": ["xfs"],
  "ScaleIOVolumeSource.storageMode": ["ThinProvisioned"],
  "SecretProjection.optional": [false],
  "SecretVolumeSource.defaultMode": [0o644],
  "SecretVolumeSource.optional": [false],
  "ServiceAccountTokenProjection.expirationSeconds": [3600],
};

/**
 * Types of optional members that say nothing when they hold nothing. Others do: an empty `labelSelector` selects every pod, an
 * absent one none; an empty `tcpSocket` still names the kind of probe.
 */
export const emptyMeansAbsent: ReadonlySet<string> = new Set([
  "Affinity",
  "Capabilities",
  "Lifecycle",
  "NodeAffinity",
  "PodAffinity",
  "PodAntiAffinity",
  "PodDNSConfig",
  "PodSecurityContext",
  "ResourceRequirements",
  "SELinuxOptions",
  "SecurityContext",
  "WindowsSecurityContextOptions",
]);

/** The pull policies that an absent one can mean: the API server chooses by the tag, the webhook of the original takes Always. */
export const defaultPullPolicies: ReadonlySet<unknown> = new Set(["Always", "IfNotPresent"]);
