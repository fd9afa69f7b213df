{{- /* Whether the agents see what there is to see. */ -}}
{{- define "seccomp-watch.alerts.agents" -}}
{{- $rules := .Values.prometheusRule.rules -}}
{{- $job := .Values.prometheusRule.job -}}
{{- /* namespace and pod are the agent's own here */ -}}
{{- $by := "cluster, node, instance, namespace, pod" -}}
{{- $where := "the agent on node {{ or $labels.node $labels.instance }}" -}}

{{- $lost := include "seccomp-watch.alerts.recent" (dict "seconds" 900 "series" "seccomp_watch_records_lost_total") }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchRecordsLost"
  "expr" (printf `
sum by (%s, source, reason) (
%s
) > %v` $by (indent 2 $lost) $rules.SeccompWatchRecordsLost.threshold)
  "summary" `Audit records were lost on node {{ or $labels.node $labels.instance }} ({{ $labels.reason }}).`
  "description" (printf `In the last 15 minutes %s learnt from {{ $labels.source }} that audit records are lost: {{ $labels.reason }}. Denials may be among them. The runbook has what to do for each reason; mostly the node's audit or log limits are too low, or the node is flooded.` $where)
) }}

{{- $untrusted := include "seccomp-watch.alerts.recent" (dict "seconds" 900 "series" `seccomp_watch_records_rejected_total{reason="untrusted_origin"}`) }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchRecordsUntrusted"
  "expr" (printf `
sum by (%s, source) (
%s
) > %v` $by (indent 2 $untrusted) $rules.SeccompWatchRecordsUntrusted.threshold)
  "summary" `Somebody seems to forge seccomp records on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `In the last 15 minutes {{ $labels.source }} brought %s records that the kernel does not seem to have written. They are not counted as denials. Find who wrote them: the agent's log has the lines that syslog alone brought, and the runbook where to look. If nobody did, another source has missed true denials.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchSourceDown"
  "expr" (printf `min by (%s, source) (seccomp_watch_source_up) == 0` $by)
  "summary" `{{ $labels.source }} cannot be read on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `Source {{ $labels.source }} of %s cannot be read, so that denials may go unseen. /readyz and /api/v1/status of the agent, and its log, say why and what to do.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchSourceSilent"
  "expr" (printf `
time() - max by (%[1]s, source) (
  seccomp_watch_source_canary_last_success_timestamp_seconds{source=~"audit-log|audit-netlink"}
) > on (cluster, instance) group_left () (
  max by (cluster, instance) (seccomp_watch_canary_interval_seconds) * %[2]v
)
and on (cluster, instance, source)
seccomp_watch_source_up == 1
and on (cluster, instance)
time() - max by (cluster, instance) (
  seccomp_watch_canary_last_success_timestamp_seconds
) <= max by (cluster, instance) (seccomp_watch_canary_interval_seconds) * %[2]v` $by $rules.SeccompWatchSourceSilent.threshold)
  "summary" `{{ $labels.source }} brings no records on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `Source {{ $labels.source }} of %s can be read, but has not brought the canary {{ if gt $value 1e8 }}since it started{{ else }}for {{ $value | humanizeDuration }}{{ end }}, while another source did. For audit-log look whether auditd runs and writes this very file; for audit-netlink whether the agent is in the host's network namespace.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchCanaryMissed"
  "expr" (printf `
time() - max by (%[1]s) (
  seccomp_watch_canary_last_success_timestamp_seconds
) > max by (%[1]s) (seccomp_watch_canary_interval_seconds) * %[2]v` $by $rules.SeccompWatchCanaryMissed.threshold)
  "summary" `Denials would not be seen on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `No source of %s has brought its canary for %v intervals or more: a denial would not be seen either. Run seccomp-watch doctor in the agent's container; it names what stands in the way, an audit rule, kernel.seccomp.actions_logged or a stopped auditd mostly.` $where $rules.SeccompWatchCanaryMissed.threshold)
) }}

{{- $rule := $rules.SeccompWatchAttributionDegraded }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchAttributionDegraded"
  "expr" (printf `
sum by (%[1]s) (increase(seccomp_watch_attributions_total{outcome="unknown"}[1h]))
/
sum by (%[1]s) (increase(seccomp_watch_attributions_total[1h]))
> %[2]v
and
sum by (%[1]s) (increase(seccomp_watch_attributions_total[1h])) >= 20` $by $rule.threshold)
  "summary" `{{ $value | humanizePercentage }} of the violations on node {{ or $labels.node $labels.instance }} are nobody's.`
  "description" (printf `For {{ $value | humanizePercentage }} of the violations of the last hour %s could not tell the process. Look at attribution.reason in its JSON lines, and whether seccomp_watch_process_events_active is 1 there: without process events a process that ends at once is not known.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchForkStorm"
  "expr" (printf `
sum by (%s) (
  rate(seccomp_watch_process_lifetimes_dropped_total[5m])
) > %v` $by $rules.SeccompWatchForkStorm.threshold)
  "summary" `A fork storm on node {{ or $labels.node $labels.instance }} hides whose the denials of its container are.`
  "description" (printf `For five minutes processes on the node have begun and ended faster than %s can remember them: it forgets {{ $value | humanize }} a second before their time, those of the container with the most first. Violations of that container may stay unknown; other containers keep their share. Look at seccomp_watch_process_lifetimes_crowded and at problems of /api/v1/status: both name the container.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchPodsNotSynced"
  "expr" (printf `min by (%s) (seccomp_watch_kubernetes_synced) == 0` $by)
  "summary" `Pods of node {{ or $labels.node $labels.instance }} are not known to its agent.`
  "description" (printf `%s does not know its node's pods or cannot keep them up to date: violations go without namespace, pod and workload, and without Events. /readyz of the agent has the API server's answer; look at its RBAC rights, network policies and the API server.` (replace "the agent" "The agent" $where))
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchDetectionDelayHigh"
  "expr" (printf `
histogram_quantile(
  0.95,
  sum by (%s, le) (rate(seccomp_watch_detection_delay_seconds_bucket[10m]))
) > %v` $by $rules.SeccompWatchDetectionDelayHigh.threshold)
  "summary" `Denials are told {{ $value | humanizeDuration }} late on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `At %s one violation in twenty takes {{ $value | humanizeDuration }} or longer from the kernel's record to its publication (60 s is the most that is told apart). Look at seccomp_watch_source_lag_bytes, the agent's CPU limit and the node's clock.` $where)
) }}

{{- $suppressed := include "seccomp-watch.alerts.recent" (dict "seconds" 3600 "series" `seccomp_watch_kubernetes_events_total{result="suppressed"}`) }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchEventsSuppressed"
  "expr" (printf `
sum by (%s) (
%s
) > %v` $by (indent 2 $suppressed) $rules.SeccompWatchEventsSuppressed.threshold)
  "summary" `Violations on node {{ or $labels.node $labels.instance }} got no Kubernetes Event.`
  "description" (printf `In the last hour %s left out Events beyond its budgets: a pod makes too many different denials, or the node has too many. Metrics and JSON lines have them all; look there for the pod.` $where)
) }}

{{- $failed := include "seccomp-watch.alerts.recent" (dict "seconds" 900 "series" `seccomp_watch_kubernetes_events_total{result="failed"}`) }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchEventsFailed"
  "expr" (printf `
sum by (%s) (
%s
) > %v` $by (indent 2 $failed) $rules.SeccompWatchEventsFailed.threshold)
  "summary" `The API server takes no Events from node {{ or $labels.node $labels.instance }}.`
  "description" (printf `Events of %s have failed for half an hour or longer. Its log and the problems of /api/v1/status have the API server's answer; mostly the right to create and patch events of events.k8s.io is missing. Metrics and JSON lines do not suffer.` $where)
) }}

{{- $overflow := include "seccomp-watch.alerts.recent" (dict "seconds" 3600 "series" "seccomp_watch_series_overflow_total") }}
{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchSeriesCapReached"
  "expr" (printf `
sum by (%s, metric) (
%s
) > %v` $by (indent 2 $overflow) $rules.SeccompWatchSeriesCapReached.threshold)
  "summary" `{{ $labels.metric }} has as many series as it may on node {{ or $labels.node $labels.instance }}.`
  "description" (printf `{{ $labels.metric }} of %s has reached --series-limit, or a pod its quarter of it, and counts what is new under the name other. Totals stay true; pods and calls are missing. Look for the pod with the most series, then raise the limit if that is as it should be.` $where)
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchLabelsNotHonored"
  "expr" `count by (cluster, job) (seccomp_watch_scrape_labels{namespace!="honored"}) > 0`
  "summary" `Metrics of workloads carry the names of the agents: {{ $value }} agent(s) are scraped without honorLabels.`
  "description" `Prometheus replaces the labels namespace, pod and container of {{ $value }} agent(s){{ with $labels.job }} of job {{ . }}{{ end }} by those of the agent's own pod. Alerts about workloads do not fire for these agents, because they would name the wrong pod. Look at the scrape configuration and set honorLabels: true. Where that is not possible, as in OpenShift's monitoring of user workloads, the workload is in the labels exported_namespace, exported_pod and exported_container.`
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchAgentDown"
  "expr" (printf `max by (%s) (up{job="%s"}) == 0` $by $job)
  "summary" `The agent on node {{ or $labels.node $labels.instance }} is not scraped.`
  "description" `Prometheus cannot scrape {{ $labels.instance }}{{ with $labels.pod }} (pod {{ $labels.namespace }}/{{ . }}){{ end }}. Look at the pod's state and last log lines, then at network policies and, with TLS, at the scraper's certificate and rights. Denials are counted from the last checkpoint on when the agent comes back, except those of audit-netlink and of kmsg's overwritten part.`
) }}

{{- include "seccomp-watch.alerts.rule" (dict "root" . "name" "SeccompWatchAgentsAbsent"
  "expr" (printf `absent(up{job="%s"})` $job)
  "summary" `Prometheus knows no agent of seccomp-watch.`
  "description" (printf `There is no target with job="%s": no denial in this cluster reaches Prometheus. Look whether the DaemonSet has pods, whether a PodMonitor or ServiceMonitor selects them, and whether prometheusRule.job is the job that they have.` $job)
) }}
{{- end }}
