package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values that contradict each other are refused, with one sentence that says what to do. */
class RefusalTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {source: audit-netlink, hostNetwork: false} | source audit-netlink needs hostNetwork: in another network namespace the kernel's audit socket opens and stays silent
          {nodeSystem: cos, hostNetwork: false} | source audit-netlink needs hostNetwork: in another network namespace the kernel's audit socket opens and stays silent
          {processEvents: true, hostPID: false} | processEvents true needs hostNetwork and hostPID: elsewhere the kernel sends no process events
          {processEvents: true, hostNetwork: false} | processEvents true needs hostNetwork and hostPID: elsewhere the kernel sends no process events
          {kernelAudit: true, hostPID: false} | kernelAudit needs hostPID: the kernel answers only in the node's own PID namespace
          source: kmsg | source kmsg takes a privileged container, which may do everything on the node: prefer audit-netlink, or set acceptPrivileged to true
          {source: audit-log, additionalSources: [kmsg]} | source kmsg takes a privileged container, which may do everything on the node: prefer audit-netlink, or set acceptPrivileged to true
          acceptPrivileged: true | acceptPrivileged is set and no source needs it: only kmsg does
          {source: audit-netlink, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot does not go with the capability AUDIT_READ: a user other than root gets no capability from Kubernetes
          {processEvents: true, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot does not go with the capability NET_ADMIN: a user other than root gets no capability from Kubernetes
          {source: kmsg, acceptPrivileged: true, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot does not go with source kmsg: a user other than root gets no capability from Kubernetes
          {nodeSystem: al2023, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot cannot read the audit log of nodeSystem al2023, which is root's alone (0600): leave runAsNonRoot false
          {nodeSystem: rhel, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot cannot read the audit log of nodeSystem rhel, which is root's alone (0600): leave runAsNonRoot false
          {nodeSystem: openshift, runAsNonRoot: true, state: {type: emptyDir}} | runAsNonRoot cannot read the audit log of nodeSystem openshift, which is root's alone (0600): leave runAsNonRoot false
          runAsNonRoot: true | runAsNonRoot cannot write to a hostPath, which the kubelet makes for root: set state.type to emptyDir, or make state.hostPath for uid 65532 on every node and set state.prepared to true
          {nodeSystem: rhel, source: syslog} | source syslog brings nothing with nodeSystem rhel: auditd takes the records there, and the kernel's log, and syslog with it, has none: use source audit-log
          {nodeSystem: al2023, source: kmsg, acceptPrivileged: true} | source kmsg brings nothing with nodeSystem al2023: auditd takes the records there, and the kernel's log, and syslog with it, has none: use source audit-log
          {nodeSystem: cos, source: audit-log} | source audit-log brings nothing with nodeSystem cos: there is no file of records there that could be relied on: use source audit-netlink
          {nodeSystem: cos, additionalSources: [syslog]} | source syslog brings nothing with nodeSystem cos: there is no file of records there that could be relied on: use source audit-netlink
          nodeSystem: bottlerocket | nodeSystem bottlerocket excludes seccomp's records by its own audit rules, so that the agent would see nothing: change the nodes' rules, then set auditRulesChanged to true
          {nodeSystem: flatcar, source: audit-netlink} | nodeSystem flatcar excludes seccomp's records by its own audit rules, so that the agent would see nothing: change the nodes' rules, then set auditRulesChanged to true
          additionalSources: [syslog] | additionalSources do not go with source auto, where the agent decides: name the source
          auditLog: {path: /data/audit.log} | source auto looks for logs in their usual places only: name the source whose path you gave
          syslog: {path: /data/syslog} | source auto looks for logs in their usual places only: name the source whose path you gave
          tls: {enabled: true} | tls.enabled needs tls.secretName: the secret with the certificate and its key
          tls: {authorization: true} | tls.authorization needs tls.enabled: without TLS the scrapers' tokens would be readable on the way
          {tls: {enabled: true, secretName: s, authorization: true}, kubernetes: {enabled: false}} | tls.authorization needs kubernetes.enabled: it is the API server that knows who may read
          {podMonitor: {enabled: true}, serviceMonitor: {enabled: true}} | podMonitor.enabled and serviceMonitor.enabled together would have every agent scraped twice: choose one
          {podMonitor: {enabled: true}, tls: {enabled: true, secretName: s, authorization: true}} | podMonitor needs podMonitor.tokenSecret with tls.authorization: without a token every scrape is refused
          {serviceMonitor: {enabled: true}, tls: {enabled: true, secretName: s, authorization: true}} | serviceMonitor needs serviceMonitor.tokenSecret with tls.authorization: without a token every scrape is refused
          {networkPolicy: {enabled: true}, source: audit-netlink} | networkPolicy.enabled does not go with the host's network, where no NetworkPolicy holds a pod: fence off the port on the nodes, and leave networkPolicy.enabled false
          listen: {host: 127.0.0.1} | listen.host 127.0.0.1 is the pod's own loopback, where neither the kubelet nor Prometheus comes: leave it 0.0.0.0, or use the host's network
          listen: {host: "[::1]"} | listen.host [::1] is the pod's own loopback, where neither the kubelet nor Prometheus comes: leave it 0.0.0.0, or use the host's network
          {nodeSystem: cos, listen: {host: 127.0.0.1}, podMonitor: {enabled: true}} | podMonitor.enabled does not go with listen.host 127.0.0.1: Prometheus would ask the nodes' own addresses, where nothing is served
          {priorityQuota: true, priorityClassName: ""} | priorityQuota needs a priorityClassName: it lets that class into the namespace
          namespace: {create: true} | namespace.create needs a namespaceOverride other than the release's namespace, which Helm makes: label that one yourself
          {namespace: {create: true}, namespaceOverride: monitoring} | namespace.create needs a namespaceOverride other than the release's namespace, which Helm makes: label that one yourself
          """)
  void of_contradictions(String values, String sentence) {
    assertThat(Chart.refusal(values).lines())
        .first()
        .asString()
        .startsWith("execution error at (seccomp-watch/templates/daemonset.yaml:")
        .endsWith("): " + sentence);
  }
}
