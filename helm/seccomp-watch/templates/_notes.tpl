{{- define "seccomp-watch.noteOnSource" -}}
{{- range $i, $kind := .kinds -}}
{{- if $i }}; {{ end -}}
{{- if eq $kind "auto" -}}
the agent takes auditd's log where there is one, else syslog's, and can read all of /var/log, the pods' output included. A node that has neither log has an agent that says so and does not start: there, use audit-netlink
{{- else if eq $kind "audit-log" -}}
auditd's log; a node without its directory gets no agent, and the pod's events say so
{{- else if eq $kind "syslog" -}}
syslog's file, which holds only what the kernel's log does not drop and which processes can forge
{{- else if eq $kind "audit-netlink" -}}
the kernel's audit socket; what comes while no agent runs is not read
{{- else if eq $kind "kmsg" -}}
the kernel's log: ten audit messages in five seconds at most, and silent as soon as an auditd runs
{{- end -}}
{{- end -}}.
{{- end -}}
