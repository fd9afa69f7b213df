{{/* The name in labels. */}}
{{- define "seccomp-watch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of the objects: at most 52 characters, which leaves room for what is put behind it. */}}
{{- define "seccomp-watch.fullname" -}}
{{- $name := include "seccomp-watch.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "seccomp-watch.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/*
The name of objects that belong to no namespace: two releases of one name in two namespaces must not
meet, and no namespace has a dot in its name.
*/}}
{{- define "seccomp-watch.clusterName" -}}
{{- printf "%s.%s" (include "seccomp-watch.namespace" .) (include "seccomp-watch.fullname" .) -}}
{{- end -}}

{{- define "seccomp-watch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "seccomp-watch.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* What every object has but its name and instance. The schema keeps commonLabels off these keys. */}}
{{- define "seccomp-watch.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: seccomp-watch
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "seccomp-watch.labels" -}}
{{ include "seccomp-watch.selectorLabels" . }}
{{ include "seccomp-watch.commonLabels" . }}
{{- end -}}

{{/* The labels with others beside, which never take the place of these; takes a dict of root and more. */}}
{{- define "seccomp-watch.labelsWith" -}}
{{- merge (include "seccomp-watch.labels" .root | fromYaml) .more | toYaml -}}
{{- end -}}

{{/* The agents' own: without the chart's version, which is no reason to restart them. */}}
{{- define "seccomp-watch.podLabels" -}}
{{- $labels := omit (include "seccomp-watch.labels" . | fromYaml) "helm.sh/chart" -}}
{{- merge $labels .Values.podLabels | toYaml -}}
{{- end -}}

{{- define "seccomp-watch.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "seccomp-watch.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "seccomp-watch.image" -}}
{{- $image := .Values.image -}}
{{- $name := empty $image.registry | ternary $image.repository (printf "%s/%s" $image.registry $image.repository) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Where the agents are asked together, and the name that their certificate is for. */}}
{{- define "seccomp-watch.host" -}}
{{- printf "%s.%s.svc" (include "seccomp-watch.fullname" .) (include "seccomp-watch.namespace" .) -}}
{{- end -}}

{{- define "seccomp-watch.scheme" -}}
{{- ternary "https" "http" .Values.tls.enabled -}}
{{- end -}}

{{/* The agent's configuration file: every option that the values know, and none that only newer agents have. */}}
{{- define "seccomp-watch.config" -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
source: {{ toJson $is.agentSources }}
from: {{ .Values.from }}
state-dir: {{ $is.stateDir }}
proc: /host/proc
cgroup: /host/sys/fs/cgroup
host-root: /host/root
process-events: {{ $is.processEvents | quote }}
kubernetes: {{ ternary "required" "off" .Values.kubernetes.enabled | quote }}
listen: {{ printf "%s:%d" .Values.listen.host (int .Values.listen.port) | quote }}
events: {{ ternary .Values.kubernetes.events "off" (and .Values.kubernetes.enabled (ne .Values.kubernetes.events "none")) | quote }}
violations-log: {{ ternary "stdout" "off" (eq .Values.violationsLog "stdout") | quote }}
canary: {{ ternary .Values.canaryInterval "off" .Values.canary | quote }}
series-limit: {{ int .Values.seriesLimit }}
series-grace: {{ .Values.seriesGrace | quote }}
{{- if .Values.tls.enabled }}
tls-cert: /etc/seccomp-watch/tls/{{ .Values.tls.certKey }}
tls-key: /etc/seccomp-watch/tls/{{ .Values.tls.privateKeyKey }}
{{- if .Values.tls.authorization }}
authorization: kubernetes
{{- end }}
{{- end }}
{{- end -}}

{{/* Node affinity that keeps away from nodes that are no machines, beside what the values ask for. */}}
{{- define "seccomp-watch.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- if .Values.avoidVirtualNodes -}}
{{- $virtual := list
    (dict "key" "type" "operator" "NotIn" "values" (list "virtual-kubelet"))
    (dict "key" "eks.amazonaws.com/compute-type" "operator" "NotIn" "values" (list "fargate")) -}}
{{- $node := default dict $affinity.nodeAffinity -}}
{{- $required := default dict $node.requiredDuringSchedulingIgnoredDuringExecution -}}
{{- $terms := list -}}
{{- /* One of the terms suffices, so each has to say it. */ -}}
{{- range (default (list dict) $required.nodeSelectorTerms) -}}
{{- $terms = append $terms (merge (dict "matchExpressions" (concat (default list .matchExpressions) $virtual)) .) -}}
{{- end -}}
{{- $_ := set $required "nodeSelectorTerms" $terms -}}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" $required -}}
{{- $_ := set $affinity "nodeAffinity" $node -}}
{{- end -}}
{{- if $affinity -}}
{{- toYaml $affinity -}}
{{- end -}}
{{- end -}}

{{/* Whether there is a pod for helm test; none reaches agents that serve the node's loopback alone. */}}
{{- define "seccomp-watch.tested" -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
{{- if and .Values.test.enabled (not $is.loopback) -}}true{{- end -}}
{{- end -}}

{{/* The test's pod must not be taken for an agent, by the Service or by the DaemonSet. */}}
{{- define "seccomp-watch.testSelectorLabels" -}}
app.kubernetes.io/name: "{{ include "seccomp-watch.name" . | trunc 58 }}-test"
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "seccomp-watch.testLabels" -}}
{{ include "seccomp-watch.testSelectorLabels" . }}
{{ include "seccomp-watch.commonLabels" . }}
{{- end -}}
