package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The notes after an installation: what the values force, and what that costs. */
class NotesTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                            | source auto with nodeSystem generic: the agent takes auditd's log where there is one
          {}                                            | root, without any capability, read-only root
          {}                                            | kubectl label namespace monitoring pod-security.kubernetes.io/enforce=privileged
          {}                                            | helm test seccomp-watch -n monitoring
          {}                                            | A container with RuntimeDefault is denied in silence
          nodeSystem: cos                               | lets the priority system-node-critical into monitoring
          {}                                            | the image seccomp-watch:0.1.0 is published nowhere
          nodeSystem: cos                               | source auto with nodeSystem cos: the kernel's audit socket; what comes while no agent runs is not read.
          source: audit-netlink                         | root, with AUDIT_READ only
          source: audit-netlink                         | port 9326 is open on every node's own address, and no NetworkPolicy holds it
          {source: kmsg, acceptPrivileged: true}        | a privileged container: it may do everything on the node
          {runAsNonRoot: true, state: {type: emptyDir}} | uid 65532, groups 4: it reads only logs that these groups may read
          {runAsNonRoot: true, state: {type: emptyDir}} | records that come between a pod's end and the next one's start are not read
          hostPID: true                                 | could send signals to root's processes
          kernelAudit: true                             | it could change the node's audit rules
          posture: {runtime: cri-o}                     | the configurations of cri-o's containers, their environment variables included
          kubernetes: {enabled: false}                  | pods have no names but those that their runtime gives
          {tls: {enabled: true, secretName: s, authorization: true}} | the ClusterRole monitoring.seccomp-watch-scraper
          {tls: {enabled: true, secretName: s, authorization: true, readers: [{namespace: prod, name: ui}]}} | monitoring.seccomp-watch-reader, which prod/ui has.
          {nodeSystem: cos, listen: {host: 127.0.0.1}}  | port 9326 is open on every node's own loopback alone
          {source: audit-log, additionalSources: [syslog]} | processes can forge
          """)
  void say(String values, String what) {
    assertThat(Chart.notes(values)).contains(what);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                     | privileged container
          {}                                     | host's network
          {}                                     | AUDIT_CONTROL
          test: {enabled: false}                 | helm test
          image: {registry: registry.example}    | published nowhere
          {nodeSystem: cos, listen: {host: 127.0.0.1}} | helm test
          {nodeSystem: cos, listen: {host: 127.0.0.1}} | fence it off
          tls: {enabled: true, secretName: s}    | http://
          """)
  void do_not_say(String values, String what) {
    assertThat(Chart.notes(values)).doesNotContain(what);
  }
}
