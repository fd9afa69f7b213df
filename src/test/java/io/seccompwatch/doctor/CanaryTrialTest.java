package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.CanaryName;
import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.doctor.CanaryTrial.Outcome;
import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.SeccompCanary.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CanaryTrialTest {

  private static final CanaryName NAME = new CanaryName("abcdefgh", true);

  @TempDir private Path directory;

  private Path log(String name) throws IOException {
    return Files.writeString(directory.resolve(name), line("swcabcdefgh0000", "7ffc0000"));
  }

  /** auditd's line of a canary, stamped now. */
  private static String line(String comm, String code) {
    long millis = System.currentTimeMillis();
    return ("type=SECCOMP msg=audit(%d.%03d:7): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=9"
            + " comm=\"%s\" exe=\"/java\" sig=0 arch=c000003e syscall=148 compat=0 ip=0x1"
            + " code=0x%s\n")
        .formatted(millis / 1_000, millis % 1_000, comm, code);
  }

  private static Result append(Path log, String line) {
    try {
      Files.writeString(log, line, StandardOpenOption.APPEND);
      return new Result.Fired(Instant.now());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Outcome run(Function<String, Result> fire, Duration timeout, Path... logs)
      throws InterruptedException {
    return new CanaryTrial(NAME, fire, timeout, Clock.systemUTC())
        .run(List.of(logs).stream().map(log -> new Chosen(Kind.AUDIT_LOG, log)).toList());
  }

  @Test
  void says_which_source_brought_it_and_how_fast() throws Exception {
    Path carrying = log("a");
    Path silent = log("b");
    Outcome outcome =
        run(
            comm -> append(carrying, line(comm, "7ffc0000")),
            Duration.ofSeconds(3),
            carrying,
            silent);
    CanaryListener.Note note = Objects.requireNonNull(outcome.sources().getFirst().note());
    assertThat(note.delayNanos()).isPositive();
    assertThat(outcome.sources().getLast().note()).isNull();
    assertThat(outcome.sources()).allMatch(source -> source.problem() == null);
  }

  @Test
  void is_fired_again_when_nobody_brings_the_first() throws Exception {
    Path log = log("a");
    List<String> fired = new ArrayList<>();
    Outcome outcome =
        run(
            comm -> {
              fired.add(comm);
              String line = fired.size() == 2 ? line(comm, "7ffc0000") : "type=CWD msg=x\n";
              return append(log, line);
            },
            Duration.ofSeconds(3),
            log);
    assertThat(fired).hasSize(2).doesNotHaveDuplicates();
    assertThat(outcome.sources().getFirst().note()).isNotNull();
  }

  @Test
  void anothers_record_and_another_action_are_not_it() throws Exception {
    Path log = log("a");
    Outcome outcome =
        run(
            comm -> {
              append(log, line("swcabcdefgh0001", "7ffc0000"));
              return append(log, line(comm, "50000"));
            },
            Duration.ofMillis(100),
            log);
    assertThat(outcome.sources().getFirst().note()).isNull();
  }

  @Test
  void a_source_that_cannot_be_opened_says_why_and_nothing_is_left_behind() throws Exception {
    Path none = directory.resolve("none.log");
    Outcome outcome = run(comm -> new Result.Fired(Instant.now()), Duration.ofMillis(50), none);
    assertThat(outcome.sources().getFirst().problem()).contains("no such file");
    try (var files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void what_cannot_be_fired_is_not_waited_for() throws Exception {
    Path log = log("a");
    Outcome outcome =
        run(
            comm -> new Result.Unavailable("seccomp", Errno.EPERM, "allow it"),
            Duration.ofMinutes(5),
            log);
    assertThat(outcome.unavailable()).isEqualTo("seccomp: EPERM: allow it");
  }
}
