{{- /*
One alert. Takes a dict of root, name, expr, summary and description; gives nothing when the alert is
switched off.
*/ -}}
{{- define "seccomp-watch.alerts.rule" -}}
{{- $settings := .root.Values.prometheusRule -}}
{{- $rule := index $settings.rules .name -}}
{{- if $rule.enabled }}
- alert: {{ .name }}
  expr: |-
    {{- .expr | trim | nindent 4 }}
  for: {{ $rule.for }}
  labels:
    severity: {{ $rule.severity }}
  annotations:
    summary: {{ .summary | quote }}
    description: {{ .description | quote }}
    {{- if $settings.runbookUrl }}
    runbook_url: {{ printf "%s/%s.md" (trimSuffix "/" $settings.runbookUrl) .name | quote }}
    {{- else }}
    runbook: src/docs/runbooks/{{ .name }}.md
    {{- end }}
{{- end }}
{{- end }}

{{- /*
The matcher that keeps a rule's ignored namespaces out, with a comma before it; nothing for none. What
has no namespace, the host, is never ignored.
*/ -}}
{{- define "seccomp-watch.alerts.namespaces" -}}
{{- with .ignoreNamespaces }}, namespace!~"{{ join "|" . }}"{{ end }}
{{- end }}

{{- /*
Drops the series of agents whose namespace, pod and container labels Prometheus has replaced by those of
the scraped pod, for want of honorLabels: a rule about workloads would name the agent's pod. The agent
marks one metric with namespace="honored" for this.
*/ -}}
{{- define "seccomp-watch.alerts.honored" -}}
unless on (cluster, instance)
seccomp_watch_scrape_labels{namespace!="honored"}
{{- end }}

{{- /*
Agents that Prometheus did not scrape a window ago although they were running: it was down itself, or did
not know them yet. Counters of theirs only look new. Takes the window's seconds.
*/ -}}
{{- define "seccomp-watch.alerts.unwatched" -}}
(process_start_time_seconds < time() - {{ . }} unless process_start_time_seconds offset {{ . }}s)
{{- end }}

{{- /*
What a counter grew by in a window, above 0. A series may be born with its first increment and begins
anew with its agent; increase() does not see the first value of a series, so that one which was not there
at the window's begin counts as a whole. Takes a dict of series and seconds.
*/ -}}
{{- define "seccomp-watch.alerts.recent" -}}
(
  (
    {{ .series }} unless {{ .series }} offset {{ .seconds }}s
    unless on (cluster, instance)
    {{ include "seccomp-watch.alerts.unwatched" .seconds }}
  )
  or
  increase({{ .series }}[{{ .seconds }}s])
) > 0
{{- end }}

{{- /*
The same of denials in ten minutes. Those of agents that were not watched count when the agent itself says
that the container's last denial was in the window. Takes the matchers.
*/ -}}
{{- define "seccomp-watch.alerts.denied" -}}
(
  (
    seccomp_denials_total{{ . }} unless seccomp_denials_total{{ . }} offset 600s
    unless on (cluster, instance, namespace, pod, container)
    (
      time() - seccomp_denial_last_timestamp_seconds >= 600
      and on (cluster, instance)
      {{ include "seccomp-watch.alerts.unwatched" 600 }}
    )
  )
  or
  increase(seccomp_denials_total{{ . }}[600s])
) > 0
{{ include "seccomp-watch.alerts.honored" . }}
{{- end }}
