{{- /* What is denied, logged or not seen in workloads. */ -}}
{{- define "seccomp-watch.alerts.workloads" -}}
{{- $rules := .Values.prometheusRule.rules -}}
{{- $honored := include "seccomp-watch.alerts.honored" . -}}

{{- $rule := $rules.SeccompKill -}}
{{- $denied := include "seccomp-watch.alerts.denied" (printf `{action=~"kill_process|kill_thread"%s}` (include "seccomp-watch.alerts.namespaces" $rule)) }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompKill"
  "expr" (printf `
sum by (cluster, node, instance, namespace, workload, workload_type, pod, container, syscall) (
%s
) > %v` (indent 2 $denied) $rule.threshold)
  "summary" `A process was killed for calling {{ $labels.syscall }}.`
  "description" `{{ if $labels.namespace }}In container {{ or $labels.container "(not known)" }} of pod {{ $labels.namespace }}/{{ $labels.pod }} ({{ $labels.workload_type }} {{ $labels.workload }}){{ else }}Outside of known pods{{ end }} on node {{ or $labels.node $labels.instance }} the kernel killed a process or a thread for calling {{ $labels.syscall }} in the last 10 minutes. Look at the pod's Events and its last state (exit code 159 is SIGSYS), and at the agent's /api/v1/violations for the process.`
) }}

{{- $rule := $rules.SeccompNewDenial }}
{{- if $rule.enabled }}
{{- $recent := "namespace_workload_container_syscall:seccomp_denials:recent10m" }}
{{- $denied := include "seccomp-watch.alerts.denied" (printf `{action!~"kill_process|kill_thread"%s}` (include "seccomp-watch.alerts.namespaces" $rule)) }}
- record: {{ $recent }}
  expr: |-
    sum by (cluster, namespace, workload, workload_type, container, syscall, action) (
      {{- $denied | nindent 6 }}
    )
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompNewDenial"
  "expr" (printf `
max_over_time(%[1]s[1h]) > %[2]v
unless
max_over_time(%[1]s[1d] offset 1h) > %[2]v` $recent $rule.threshold)
  "summary" `{{ $labels.syscall }} is denied{{ if $labels.namespace }} to {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }}{{ end }}, which it was not the day before.`
  "description" `{{ if $labels.namespace }}Container {{ or $labels.container "(not known)" }} of {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }}{{ else }}A process outside of known pods{{ end }} called {{ $labels.syscall }} in the last hour and its filter answered with {{ $labels.action }}; in the 24 hours before there was no such denial. Look for a new version of image, base system or profile; if there is none, for an intruder. seccomp_denials_total has the pods, their Events the process.`
) }}
{{- end }}

{{- $rule := $rules.SeccompDenialRateHigh }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompDenialRateHigh"
  "expr" (printf `
sum by (cluster, namespace, workload, workload_type, container) (
  rate(seccomp_denials_total{syscall!=""%s}[5m])
%s
) > %v` (include "seccomp-watch.alerts.namespaces" $rule) (indent 2 $honored) $rule.threshold)
  "summary" `{{ $value | humanize }} denials a second{{ if $labels.namespace }} in {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }}{{ end }}.`
  "description" `{{ if $labels.namespace }}Container {{ or $labels.container "(not known)" }} of {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }} is{{ else }}Processes outside of known pods are{{ end }} denied {{ $value | humanize }} calls a second. The program tries again and again what its profile does not allow. Look at seccomp_denials_total by syscall, then mend the profile or the program.`
) }}

{{- $rule := $rules.SeccompLoggedSyscalls }}
{{- $logged := include "seccomp-watch.alerts.recent" (dict "seconds" 3600 "series" (printf `seccomp_logged_syscalls_total{namespace!=""%s}` (include "seccomp-watch.alerts.namespaces" $rule))) }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompLoggedSyscalls"
  "expr" (printf `
count by (cluster, namespace, workload, workload_type, container) (
  sum by (cluster, namespace, workload, workload_type, container, syscall) (
%s
%s
  )
) > %v` (indent 4 $logged) (indent 4 $honored) $rule.threshold)
  "summary" `Calls of {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }} are logged that would be denied: {{ $value }} different.`
  "description" `In the last hour container {{ or $labels.container "(not known)" }} of {{ $labels.workload_type }} {{ $labels.namespace }}/{{ $labels.workload }} made calls that its profile logs and allows, {{ $value }} different ones. When the profile is enforced they are denied. Look at seccomp_logged_syscalls_total by syscall, and allow what the program needs before that.`
) }}

{{- $rule := $rules.SeccompContainersUnconfined }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompContainersUnconfined"
  "expr" (printf `
count by (cluster, namespace) (
  seccomp_container_info{mode="disabled"%s}
%s
) > %v` (include "seccomp-watch.alerts.namespaces" $rule) (indent 2 $honored) $rule.threshold)
  "summary" `Containers of namespace {{ $labels.namespace }} run without a seccomp filter: {{ $value }}.`
  "description" `No filter is loaded in {{ $value }} container(s) of namespace {{ $labels.namespace }}: they may make every system call. seccomp_container_info{namespace="{{ $labels.namespace }}", mode="disabled"} lists them; profile_type is what their pod asks for. A privileged container gets no filter whatever it asks for.`
) }}

{{- $rule := $rules.SeccompDenialsNotVisible }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompDenialsNotVisible"
  "expr" (printf `
count by (cluster, namespace) (
  seccomp_container_denials_visible{container!=""%s} == 0
%s
) > %v` (include "seccomp-watch.alerts.namespaces" $rule) (indent 2 $honored) $rule.threshold)
  "summary" `Denials of containers of namespace {{ $labels.namespace }} would leave no trace: {{ $value }}.`
  "description" `{{ $value }} container(s) of namespace {{ $labels.namespace }} have a filter whose denials the kernel does not write down, as RuntimeDefault's: that no denials are counted for them means nothing. seccomp_container_denials_visible{namespace="{{ $labels.namespace }}"} == 0 lists them, and /api/v1/status of the agent says why for each.`
) }}
{{- end }}
