{{- define "seccomp-watch.fullname" -}}
{{- if contains "seccomp-watch" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-seccomp-watch{{ end }}
{{- end }}

{{- define "seccomp-watch.namespace" -}}
{{- .Release.Namespace }}
{{- end }}

{{- define "seccomp-watch.labels" -}}
app.kubernetes.io/name: seccomp-watch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
