{{- define "seccomp-watch.podSecurityContext" -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
{{- if .Values.runAsNonRoot -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# Makes the token, the certificate and an emptyDir readable for it; a hostPath is left as it is.
fsGroup: 65532
{{- else -}}
runAsNonRoot: false
runAsUser: 0
runAsGroup: 0
{{- end }}
{{- with .Values.supplementalGroups }}
supplementalGroups: {{ toJson . }}
{{- end }}
{{- if not $is.privileged }}
seccompProfile:
  {{- include "seccomp-watch.seccompProfile" . | nindent 2 }}
{{- end }}
{{- with $is.seLinuxType }}
seLinuxOptions:
  type: {{ . }}
{{- end }}
{{- end -}}

{{- define "seccomp-watch.seccompProfile" -}}
{{- if hasPrefix "localhost/" .Values.seccompProfile -}}
type: Localhost
localhostProfile: {{ trimPrefix "localhost/" .Values.seccompProfile }}
{{- else -}}
type: {{ .Values.seccompProfile }}
{{- end -}}
{{- end -}}

{{- define "seccomp-watch.containerSecurityContext" -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
readOnlyRootFilesystem: true
{{- if $is.privileged }}
privileged: true
{{- else }}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
  {{- with $is.capabilities }}
  add: {{ toJson . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "seccomp-watch.probes" -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
{{- range $name := list "startup" "liveness" "readiness" -}}
{{- $probe := get $.Values.probes $name -}}
{{ $name }}Probe:
  httpGet:
    {{- if $is.loopback }}
    # The kubelet asks the pod's address otherwise.
    host: {{ $.Values.listen.host | trimAll "[]" | quote }}
    {{- end }}
    path: {{ ternary "/readyz" "/livez" (eq $name "readiness") | quote }}
    port: metrics
    scheme: {{ include "seccomp-watch.scheme" $ | upper }}
  periodSeconds: {{ $probe.periodSeconds }}
  timeoutSeconds: {{ $probe.timeoutSeconds }}
  failureThreshold: {{ $probe.failureThreshold }}
{{ end -}}
{{- end -}}

{{- define "seccomp-watch.resources" -}}
requests:
  cpu: {{ .Values.resources.requests.cpu }}
  memory: {{ .Values.resources.requests.memory }}
limits:
  memory: {{ .Values.resources.limits.memory }}
  {{- with .Values.resources.limits.cpu }}
  cpu: {{ . }}
  {{- end }}
{{- end -}}

{{- define "seccomp-watch.volumeMounts" -}}
{{- $v := .Values -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
- name: config
  mountPath: /etc/seccomp-watch/config
  readOnly: true
{{- if $v.tls.enabled }}
- name: tls
  mountPath: /etc/seccomp-watch/tls
  readOnly: true
{{- end }}
- name: state
  mountPath: {{ $is.stateDir }}
- name: proc
  mountPath: /host/proc
  readOnly: true
- name: cgroup
  mountPath: /host/sys/fs/cgroup
  readOnly: true
{{- range $i, $directory := $is.directories }}
# The directory, never a file: a rotation puts another file in its place.
- name: logs-{{ $i }}
  mountPath: {{ $directory }}
  readOnly: true
{{- end }}
{{- if $v.posture.kubeletProfiles }}
- name: kubelet-seccomp
  mountPath: /host/root/var/lib/kubelet/seccomp
  readOnly: true
{{- end }}
{{- range $i, $directory := include "seccomp-watch.runtimeDirectories" . | fromJsonArray }}
- name: runtime-{{ $i }}
  mountPath: /host/root{{ $directory }}
  readOnly: true
  # File systems of containers lie below: what the node unmounts is to be unmounted here, too.
  mountPropagation: HostToContainer
{{- end }}
{{- with $v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "seccomp-watch.volumes" -}}
{{- $v := .Values -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
- name: config
  configMap:
    name: {{ include "seccomp-watch.fullname" . | quote }}
{{- if $v.tls.enabled }}
- name: tls
  secret:
    secretName: {{ $v.tls.secretName | quote }}
    defaultMode: 256 # 0400
    items:
      - key: {{ $v.tls.certKey | quote }}
        path: {{ $v.tls.certKey | quote }}
      - key: {{ $v.tls.privateKeyKey | quote }}
        path: {{ $v.tls.privateKeyKey | quote }}
{{- end }}
- name: state
  {{- if eq $v.state.type "hostPath" }}
  hostPath:
    path: {{ $v.state.hostPath | quote }}
    type: {{ $v.runAsNonRoot | ternary "Directory" "DirectoryOrCreate" }}
  {{- else }}
  emptyDir:
    sizeLimit: 16Mi
  {{- end }}
- name: proc
  hostPath:
    path: /proc
    type: Directory
- name: cgroup
  hostPath:
    path: /sys/fs/cgroup
    type: Directory
{{- range $i, $directory := $is.directories }}
- name: logs-{{ $i }}
  hostPath:
    path: {{ $directory | quote }}
    type: Directory
{{- end }}
{{- if $v.posture.kubeletProfiles }}
- name: kubelet-seccomp
  hostPath:
    path: {{ $v.posture.kubeletRootDir }}/seccomp
    type: DirectoryOrCreate
{{- end }}
{{- range $i, $directory := include "seccomp-watch.runtimeDirectories" . | fromJsonArray }}
- name: runtime-{{ $i }}
  hostPath:
    path: {{ $directory | quote }}
    type: Directory
{{- end }}
{{- with $v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
