package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

/**
 * auditd's log under a name that nobody has told the agent, as a collector has it: the canary
 * teaches it, and what comes under another name is another node's.
 */
class AuditdNamedTest extends SourceContract {

  private Path log = Path.of("");

  @Override
  RecordWriter write(Path directory) throws Exception {
    Auditd auditd = Auditd.startNamed(directory, Auditd.Format.RAW, "an-alias.example");
    log = auditd.log();
    return auditd;
  }

  @Test
  void a_record_of_another_node_is_not_given_to_the_container_that_has_its_pid() throws Exception {
    try (OciContainer container = OciContainer.create(directory(), Filter.allowing(), "pause")) {
      container.start();
      long now = System.currentTimeMillis();
      Files.writeString(
          log,
          ("node=another.example type=SECCOMP msg=audit(%d.%03d:11): auid=4294967295 uid=0 gid=0"
                  + " ses=4294967295 pid=%d comm=\"%s\" exe=\"/bin/remote\" sig=31 arch=c000003e"
                  + " syscall=165 compat=0 ip=0x1 code=0x80000000\n")
              .formatted(now / 1_000, now % 1_000, container.pid(), container.comm()),
          StandardOpenOption.APPEND);
      Told told = agent().awaitViolation(container, any -> true);
      assertThat(told.pid()).isEqualTo(container.pid());
      assertThat(told.outcome()).isEqualTo("unknown");
      assertThat(told.reason()).isEqualTo("foreign_node");
      assertThat(told.podUid()).isNull();
      assertThat(agent().json("/api/v1/violations").toString())
          .contains("\"node\":\"another.example\"");
      assertThat(agent().metrics().sum("seccomp_watch_records_foreign_total")).isEqualTo(1);
    }
  }
}
