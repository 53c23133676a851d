{{/*
Names are fixed: a cluster, or in single-namespace mode a namespace, has one CloneSet controller, and the controller knows
its Service, its Secret and its webhook configurations by these names.
*/}}
{{- define "cloneset.name" -}}cloneset-controller{{- end }}

{{- define "cloneset.selectorLabels" -}}
app.kubernetes.io/name: {{ include "cloneset.name" . }}
{{- end }}

{{- define "cloneset.labels" -}}
{{ include "cloneset.selectorLabels" . }}
app.kubernetes.io/part-of: {{ include "cloneset.name" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "cloneset.serviceAccount" -}}
{{ default (include "cloneset.name" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "cloneset.image" -}}
{{- $repository := required "image.repository: say where you pushed the image that deploy/image/Dockerfile makes" .Values.image.repository -}}
{{- if contains ":" (base $repository) -}}
{{- fail (printf "image.repository: want no tag, found %s; give the tag as image.tag" $repository) -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* A class cannot be made with Roles alone: there only one that exists already is named. */}}
{{- define "cloneset.priorityClass" -}}
{{- if not (and .Values.priorityClass.create .Values.watchNamespace) -}}
{{ .Values.priorityClass.name }}
{{- end }}
{{- end }}

{{/* What cannot work is refused. Own certificates are put into the webhook configurations, which no Role can allow. */}}
{{- define "cloneset.checkValues" -}}
{{- if and .Values.watchNamespace .Values.webhook.enabled (not .Values.webhook.certManager.enabled) -}}
{{- fail "watchNamespace: with Roles alone the controller cannot register its own certificates; set webhook.certManager.enabled=true or webhook.enabled=false" -}}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service) -}}
{{- fail "metrics.serviceMonitor: it finds the pods by the Service for metrics; set metrics.service=true" -}}
{{- end }}
{{- end }}

{{/* The rules for what belongs to CloneSets, wherever they are. */}}
{{- define "cloneset.workRules" -}}
- apiGroups: [apps.kruise.io]
  resources: [clonesets]
  verbs: [get, list, watch]
- apiGroups: [apps.kruise.io]
  resources: [clonesets/status]
  verbs: [patch]
# Asked for by the admission plugin OwnerReferencesPermissionEnforcement, because our references block owner deletion.
- apiGroups: [apps.kruise.io]
  resources: [clonesets/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods, persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/status]
  verbs: [patch]
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
