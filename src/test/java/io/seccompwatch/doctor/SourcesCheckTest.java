package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.SourceSelection;
import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.linux.AuditMulticast.Availability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of the sources that an agent with these options reads. */
class SourcesCheckTest {

  @TempDir private Path directory;

  private static List<Finding> run(SourceSelection selection) {
    Self self = new Self(true, 65_534, List.of(65_534L), 0);
    return new SourcesCheck(
            selection,
            List.of(),
            new FileReadability(self, new Lsm(false, null), path -> null, FileReadability::open),
            () -> new Availability.Available(null))
        .run();
  }

  @Test
  void without_any_source_no_denial_can_be_seen_and_what_would_help_is_said() {
    List<Finding> findings = run(new SourceSelection(List.of(), List.of("no kmsg: why")));
    assertThat(MadeNode.lines(findings))
        .containsExactly(
            "blind auto: nothing that this process may read has records", "ok auto: no kmsg: why");
    assertThat(Verdict.of(findings, List.of(), null, 0, 0).text())
        .isEqualTo("BLIND: auto: nothing that this process may read has records");
  }

  @Test
  void a_source_that_can_be_read_is_named_with_its_owner() throws Exception {
    Path log = Files.createFile(directory.resolve("audit.log"));
    assertThat(run(new SourceSelection(List.of(new Chosen(Kind.AUDIT_LOG, log)), List.of())))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.level()).isEqualTo(Level.OK);
              assertThat(finding.what()).startsWith(log + ": rw");
            });
  }
}
