{{/* What the agent asks the API server for under these values, and nothing else. */}}
{{- define "seccomp-watch.rules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
{{- if ne .Values.kubernetes.events "none" }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- if .Values.tls.authorization }}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end -}}
