{{/* Stops, with one sentence, where the values contradict each other. */}}
{{- define "seccomp-watch.refuse" -}}
{{- $v := .Values -}}
{{- $is := include "seccomp-watch.derived" . | fromYaml -}}
{{- $system := include "seccomp-watch.system" . | fromYaml -}}
{{- include "seccomp-watch.refuseSources" (dict "v" $v "is" $is "system" $system) -}}
{{- include "seccomp-watch.refusePrivilege" (dict "v" $v "is" $is "system" $system) -}}
{{- include "seccomp-watch.refuseOthers" (dict "v" $v "is" $is "root" .) -}}
{{- end -}}

{{- define "seccomp-watch.refuseSources" -}}
{{- $v := .v -}}
{{- $is := .is -}}
{{- range $kind := $is.kinds -}}
  {{- with get $.system.silent $kind -}}
    {{- printf "source %s brings nothing with nodeSystem %s: %s: use source %s" $kind $v.nodeSystem . $.system.auto | fail -}}
  {{- end -}}
{{- end -}}
{{- if and .system.excluded (not $v.auditRulesChanged) -}}
  {{- printf "nodeSystem %s excludes seccomp's records by its own audit rules, so that the agent would see nothing: change the nodes' rules, then set auditRulesChanged to true" $v.nodeSystem | fail -}}
{{- end -}}
{{- if and (has "auto" $is.kinds) $v.additionalSources -}}
  {{- fail "additionalSources do not go with source auto, where the agent decides: name the source" -}}
{{- end -}}
{{- if and (has "auto" $is.kinds) (or (ne $v.auditLog.path "/var/log/audit/audit.log") $v.syslog.path) -}}
  {{- fail "source auto looks for logs in their usual places only: name the source whose path you gave" -}}
{{- end -}}
{{- end -}}

{{- define "seccomp-watch.refusePrivilege" -}}
{{- $v := .v -}}
{{- $is := .is -}}
{{- if and (has "audit-netlink" $is.kinds) (not $is.hostNetwork) -}}
  {{- fail "source audit-netlink needs hostNetwork: in another network namespace the kernel's audit socket opens and stays silent" -}}
{{- end -}}
{{- if and (eq $is.processEvents "on") (not (and $is.hostNetwork $is.hostPID)) -}}
  {{- fail "processEvents true needs hostNetwork and hostPID: elsewhere the kernel sends no process events" -}}
{{- end -}}
{{- if and $v.kernelAudit (not $is.hostPID) -}}
  {{- fail "kernelAudit needs hostPID: the kernel answers only in the node's own PID namespace" -}}
{{- end -}}
{{- if and $is.privileged (not $v.acceptPrivileged) -}}
  {{- fail "source kmsg takes a privileged container, which may do everything on the node: prefer audit-netlink, or set acceptPrivileged to true" -}}
{{- end -}}
{{- if and $v.acceptPrivileged (not $is.privileged) -}}
  {{- fail "acceptPrivileged is set and no source needs it: only kmsg does" -}}
{{- end -}}
{{- if $v.runAsNonRoot -}}
  {{- if or $is.privileged $is.capabilities -}}
    {{- $why := $is.privileged | ternary "source kmsg" (printf "the capability %s" (join ", " $is.capabilities)) -}}
    {{- printf "runAsNonRoot does not go with %s: a user other than root gets no capability from Kubernetes" $why | fail -}}
  {{- end -}}
  {{- if and (has "audit-log" $is.kinds) (has $v.nodeSystem (list "al2023" "rhel" "openshift")) -}}
    {{- printf "runAsNonRoot cannot read the audit log of nodeSystem %s, which is root's alone (0600): leave runAsNonRoot false" $v.nodeSystem | fail -}}
  {{- end -}}
  {{- if and (eq $v.state.type "hostPath") (not $v.state.prepared) -}}
    {{- fail "runAsNonRoot cannot write to a hostPath, which the kubelet makes for root: set state.type to emptyDir, or make state.hostPath for uid 65532 on every node and set state.prepared to true" -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "seccomp-watch.refuseOthers" -}}
{{- $v := .v -}}
{{- if and $v.tls.enabled (not $v.tls.secretName) -}}
  {{- fail "tls.enabled needs tls.secretName: the secret with the certificate and its key" -}}
{{- end -}}
{{- if and $v.tls.authorization (not $v.tls.enabled) -}}
  {{- fail "tls.authorization needs tls.enabled: without TLS the scrapers' tokens would be readable on the way" -}}
{{- end -}}
{{- if and $v.tls.authorization (not $v.kubernetes.enabled) -}}
  {{- fail "tls.authorization needs kubernetes.enabled: it is the API server that knows who may read" -}}
{{- end -}}
{{- if and $v.podMonitor.enabled $v.serviceMonitor.enabled -}}
  {{- fail "podMonitor.enabled and serviceMonitor.enabled together would have every agent scraped twice: choose one" -}}
{{- end -}}
{{- if and .is.loopback (not .is.hostNetwork) -}}
  {{- printf "listen.host %s is the pod's own loopback, where neither the kubelet nor Prometheus comes: leave it 0.0.0.0, or use the host's network" $v.listen.host | fail -}}
{{- end -}}
{{- if and (eq (toString $v.priorityQuota) "true") (not $v.priorityClassName) -}}
  {{- fail "priorityQuota needs a priorityClassName: it lets that class into the namespace" -}}
{{- end -}}
{{- range $name := list "podMonitor" "serviceMonitor" -}}
  {{- $monitor := get $v $name -}}
  {{- if and $monitor.enabled $.is.loopback -}}
    {{- printf "%s.enabled does not go with listen.host %s: Prometheus would ask the nodes' own addresses, where nothing is served" $name $v.listen.host | fail -}}
  {{- end -}}
  {{- if and $monitor.enabled $v.tls.authorization (not $monitor.tokenSecret) -}}
    {{- printf "%s needs %s.tokenSecret with tls.authorization: without a token every scrape is refused" $name $name | fail -}}
  {{- end -}}
{{- end -}}
{{- if and $v.networkPolicy.enabled .is.hostNetwork -}}
  {{- fail "networkPolicy.enabled does not go with the host's network, where no NetworkPolicy holds a pod: fence off the port on the nodes, and leave networkPolicy.enabled false" -}}
{{- end -}}
{{- if and $v.namespace.create (eq (include "seccomp-watch.namespace" .root) .root.Release.Namespace) -}}
  {{- fail "namespace.create needs a namespaceOverride other than the release's namespace, which Helm makes: label that one yourself" -}}
{{- end -}}
{{- end -}}
