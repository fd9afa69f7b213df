{{/*
What the source, the node's system and the switches come to, as YAML: the one place where privilege is
decided. Ask "seccomp-watch.refuse" first whether they go together.

  agentSources     what the agent is told to read
  kinds            the kinds of them; auto where the agent decides
  directories      directories of logs, mounted read-only at their own places
  loopback         whether nothing is served but the host network's loopback
  hostNetwork, hostPID, privileged, capabilities, seLinuxType, processEvents, priorityQuota, stateDir
*/}}
{{- define "seccomp-watch.derived" -}}
{{- $v := .Values -}}
{{- $system := include "seccomp-watch.system" . | fromYaml -}}
{{- $first := eq $v.source "auto" | ternary $system.auto $v.source -}}
{{- $kinds := concat (list $first) $v.additionalSources | uniq -}}
{{- $files := dict "audit-log" $v.auditLog.path "syslog" $v.syslog.path -}}
{{- $sources := list -}}
{{- $directories := list -}}
{{- range $kind := $kinds -}}
  {{- $path := "" -}}
  {{- if eq $kind "audit-log" -}}
    {{- $path = eq $v.auditLog.path "/var/log/audit/audit.log" | ternary "" $v.auditLog.path -}}
    {{- $directories = append $directories (dir $v.auditLog.path) -}}
  {{- else if eq $kind "syslog" -}}
    {{- $path = $v.syslog.path -}}
    {{- $directories = append $directories (empty $path | ternary "/var/log" (dir $path)) -}}
  {{- else if eq $kind "auto" -}}
    {{- $directories = append $directories "/var/log" -}}
  {{- end -}}
  {{- $sources = append $sources (empty $path | ternary $kind (printf "%s=%s" $kind $path)) -}}
{{- end -}}
{{- /* What lies below another of them comes with it. */ -}}
{{- $outermost := list -}}
{{- range $one := uniq $directories -}}
  {{- $covered := false -}}
  {{- range $other := $directories -}}
    {{- if hasPrefix (printf "%s/" $other) $one -}}{{- $covered = true -}}{{- end -}}
  {{- end -}}
  {{- if not $covered -}}{{- $outermost = append $outermost $one -}}{{- end -}}
{{- end -}}
{{- $events := eq (toString $v.processEvents) "true" -}}
{{- $network := or (has "audit-netlink" $kinds) $events -}}
{{- $pid := or $v.kernelAudit $events -}}
{{- $capabilities := list -}}
{{- if has "audit-netlink" $kinds -}}{{- $capabilities = append $capabilities "AUDIT_READ" -}}{{- end -}}
{{- if $v.kernelAudit -}}{{- $capabilities = append $capabilities "AUDIT_CONTROL" -}}{{- end -}}
{{- if $events -}}{{- $capabilities = append $capabilities "NET_ADMIN" -}}{{- end -}}
{{- $hostNetwork := eq (toString $v.hostNetwork) "auto" | ternary $network (eq (toString $v.hostNetwork) "true") -}}
{{- $hostPID := eq (toString $v.hostPID) "auto" | ternary $pid (eq (toString $v.hostPID) "true") -}}
{{- /* Where they cannot be had, the agent would wait a second for the kernel's answer. */ -}}
{{- $processEvents := and $hostNetwork $hostPID | ternary "auto" "off" -}}
{{- $is := dict
    "kinds" $kinds
    "agentSources" $sources
    "directories" $outermost
    "loopback" (or (hasPrefix "127." $v.listen.host) (eq $v.listen.host "[::1]"))
    "hostNetwork" $hostNetwork
    "hostPID" $hostPID
    "privileged" (has "kmsg" $kinds)
    "capabilities" $capabilities
    "seLinuxType" (eq $v.seLinuxType "auto" | ternary $system.seLinuxType $v.seLinuxType)
    "processEvents" (get (dict "auto" $processEvents "true" "on" "false" "off") (toString $v.processEvents))
    "priorityQuota" (and $v.priorityClassName (eq (toString $v.priorityQuota) "auto" | ternary (eq $v.nodeSystem "cos") (eq (toString $v.priorityQuota) "true")) | empty | not)
    "stateDir" "/var/lib/seccomp-watch"
    "scc" (eq (toString $v.openshift.securityContextConstraints) "auto" | ternary (eq $v.nodeSystem "openshift") (eq (toString $v.openshift.securityContextConstraints) "true")) -}}
{{- toYaml $is -}}
{{- end -}}

{{/*
What is known of the node's system, as YAML:

  auto          the source that needs least and brings the records
  seLinuxType   the type that may read auditd's log, where SELinux is enforced
  silent        sources that bring nothing there, each with the reason
  excluded      whether the system's own audit rules drop the records
*/}}
{{- define "seccomp-watch.system" -}}
{{- $auditd := "auditd takes the records there, and the kernel's log, and syslog with it, has none" -}}
{{- $noFile := "there is no file of records there that could be relied on" -}}
{{- $systems := dict
    "generic" (dict "auto" "auto")
    "ubuntu" (dict "auto" "auto")
    "al2023" (dict "auto" "audit-log" "silent" (dict "syslog" $auditd "kmsg" $auditd))
    "rhel" (dict "auto" "audit-log" "seLinuxType" "spc_t" "silent" (dict "syslog" $auditd "kmsg" $auditd))
    "openshift" (dict "auto" "audit-log" "seLinuxType" "spc_t" "silent" (dict "syslog" $auditd "kmsg" $auditd))
    "cos" (dict "auto" "audit-netlink" "silent" (dict "audit-log" $noFile "syslog" $noFile))
    "talos" (dict "auto" "audit-netlink" "silent" (dict "audit-log" $noFile "syslog" $noFile "kmsg" $auditd))
    "bottlerocket" (dict "auto" "audit-netlink" "excluded" true "silent" (dict "audit-log" $noFile "syslog" $noFile))
    "flatcar" (dict "auto" "audit-netlink" "excluded" true "silent" (dict "audit-log" $noFile "syslog" $noFile)) -}}
{{- mergeOverwrite (dict "seLinuxType" "" "silent" dict "excluded" false) (get $systems .Values.nodeSystem) | toYaml -}}
{{- end -}}

{{/* The directory of a runtime's containers' configurations. Never a whole one with sockets in it. */}}
{{- define "seccomp-watch.runtimeDirectories" -}}
{{- $directories := dict
    "none" list
    "containerd" (list "/run/containerd/io.containerd.runtime.v2.task/k8s.io")
    "k3s" (list "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io")
    "k0s" (list "/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io")
    "microk8s" (list "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io")
    "docker" (list "/run/containerd/io.containerd.runtime.v2.task/moby")
    "cri-o" (list "/run/containers/storage/overlay-containers")
    "cri-o-vfs" (list "/run/containers/storage/vfs-containers") -}}
{{- get $directories .Values.posture.runtime | toJson -}}
{{- end -}}
