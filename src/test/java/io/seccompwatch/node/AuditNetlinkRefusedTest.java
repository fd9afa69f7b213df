package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An agent that was told to read the audit socket where it cannot be had. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class AuditNetlinkRefusedTest {

  @ParameterizedTest
  @CsvSource({
    "setpriv --bounding-set -audit_read --inh-caps -audit_read, not permitted: give CAP_AUDIT_READ",
    "unshare --user --map-root-user, 'another user namespace than the node''s: give hostUsers:"
        + " true, hostNetwork and CAP_AUDIT_READ'",
  })
  void stays_up_and_says_what_to_give(String prefix, String reason, @TempDir Path directory)
      throws Exception {
    Agent.needsDistribution();
    try (Agent agent =
        Agent.startThrough(
            directory,
            List.of(prefix.split(" ", -1)),
            "--source",
            "audit-netlink",
            "--canary",
            "off")) {
      HttpResponse<String> ready = agent.page("/readyz");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).isEqualTo("source audit-netlink: audit-multicast: " + reason + "\n");
      Await.until(
          "the reason on stderr",
          () -> agent.log().stream().anyMatch(line -> line.contains(reason)));
      assertThat(agent.metrics().sum("seccomp_watch_source_up", "source", "audit-netlink"))
          .isZero();
      assertThat(agent.metrics().has("seccomp_watch_source_up", "source", "audit-netlink"))
          .isTrue();
    }
  }
}
