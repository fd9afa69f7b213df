{{/* The endpoint of a monitor; takes a dict of root and monitor. */}}
{{- define "seccomp-watch.endpoint" -}}
{{- $v := .root.Values -}}
port: metrics
path: /metrics
scheme: {{ include "seccomp-watch.scheme" .root }}
# The agent's own namespace, pod and container labels are those of the workload: they stay.
honorLabels: true
{{- with .monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if $v.tls.enabled }}
tlsConfig:
  ca:
    secret:
      name: {{ $v.tls.secretName | quote }}
      key: {{ $v.tls.caKey | quote }}
  serverName: {{ default (include "seccomp-watch.host" .root) $v.tls.serverName }}
{{- end }}
{{- with .monitor.tokenSecret }}
authorization:
  type: Bearer
  credentials:
    name: {{ . | quote }}
    key: {{ $.monitor.tokenKey | quote }}
{{- end }}
relabelings:
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  {{- with .monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
