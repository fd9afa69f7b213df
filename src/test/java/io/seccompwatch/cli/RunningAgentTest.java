package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.RunOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which agent a doctor in its container finds, and with which options. */
class RunningAgentTest {

  private static final String AGENT =
      "/opt/seccomp-watch/runtime/bin/java @/opt/seccomp-watch/lib/image.options run";

  @TempDir private Path proc;

  private void process(String pid, String mounts, String commandLine) throws IOException {
    process(pid, mounts, commandLine, "/opt/seccomp-watch/runtime/bin/java");
  }

  private void process(String pid, String mounts, String commandLine, String program)
      throws IOException {
    Path directory = Files.createDirectories(proc.resolve(pid).resolve("ns"));
    Files.createSymbolicLink(proc.resolve(pid).resolve("exe"), Path.of(program));
    Files.createSymbolicLink(directory.resolve("mnt"), Path.of("mnt:[" + mounts + "]"));
    Files.writeString(
        proc.resolve(pid).resolve("cmdline"),
        commandLine.isEmpty() ? "" : commandLine.replace(' ', '\0') + "\0",
        StandardCharsets.UTF_8);
  }

  private Optional<Integer> found() {
    return RunningAgent.find(proc).map(RunningAgent::pid);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        AGENT,
        "/usr/lib/sw/runtime/bin/java -Xmx64m @/a/run.options -jar"
            + " /usr/lib/sw/lib/seccomp-watch.jar run"
      })
  void theFirstProcessOfTheContainerIsTheAgent(String program) throws Exception {
    process("1", "7", program + " --source kmsg --source=audit-log=/a.log --config /c.yaml");
    process("self", "7", "java doctor");
    assertThat(RunningAgent.find(proc))
        .contains(
            new RunningAgent(
                1,
                new RunFlags(
                    Map.of(RunOption.SOURCE, List.of("kmsg", "audit-log=/a.log")), "/c.yaml")));
  }

  /** hostPID, or processes shared within the pod. */
  @Test
  void wherePidsAreSharedItIsTheAgentOfTheSameMounts() throws Exception {
    process("1", "1", "/sbin/init");
    process("self", "7", "java doctor");
    process("40", "8", AGENT + " --source kmsg");
    process("50", "7", AGENT + " --source audit-netlink");
    process("51", "7", "java @/opt/seccomp-watch/lib/image.options doctor");
    assertThat(found()).contains(50);
    process("60", "7", AGENT);
    assertThat(found()).as("one of two").isEmpty();
  }

  @Test
  void aProcessOfAnotherProgramOrOfAnotherUserIsNoAgent() throws Exception {
    process("1", "1", "/sbin/init", "/sbin/init");
    process("self", "7", "java doctor");
    process("40", "7", AGENT + " --state-dir /tmp/theirs", "/tmp/their/java");
    assertThat(found()).as("another program").isEmpty();
    process("50", "7", AGENT);
    assertThat(found()).contains(50);
    Assumptions.assumeTrue(isRoot(), "only root gives a directory to another user");
    process("60", "7", AGENT + " --state-dir /tmp/theirs");
    Files.setAttribute(proc.resolve("60"), "unix:uid", 65_534);
    assertThat(found()).as("of two the one of the same user").contains(50);
  }

  private boolean isRoot() throws IOException {
    return Files.getAttribute(proc, "unix:uid").equals(0);
  }

  @Test
  void onAMachineWithoutAContainerNobodyIsLookedFor() throws Exception {
    process("1", "1", "/sbin/init");
    process("self", "1", "java doctor");
    process("50", "1", AGENT + " --source kmsg");
    assertThat(found()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/pause",
        "java @/opt/seccomp-watch/lib/image.options",
        "java @/opt/seccomp-watch/lib/image.options doctor",
        "java @/opt/seccomp-watch/lib/image.options run --flag-of-another-version 7",
      })
  void whatIsNoAgentOfThisVersionHasNoOptions(String commandLine) throws Exception {
    process("1", "7", commandLine);
    process("self", "7", "java doctor");
    assertThat(found()).isEmpty();
  }

  @Test
  void whatCannotBeReadHasNoOptions() {
    assertThat(found()).isEmpty();
  }
}
