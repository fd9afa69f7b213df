package io.seccompwatch.node;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.attribution.NodeCgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Containers whose processes have their children killed by seccomp and reap them at once, and an
 * auditd that writes it all down. Each container's filter kills on a call of its own, so that a
 * record tells whose it is.
 */
final class KillStorm implements AutoCloseable {

  /** What is killed on: nothing that a C library calls by itself. */
  private static final List<Integer> CALLS = List.of(163, 165, 166, 167, 168, 169, 170, 171);

  private static final int BACKLOG = 65_536;
  private static final Pattern BACKLOG_LIMIT = Pattern.compile("(?m)^backlog_limit (\\d+)$");
  private static final Pattern LOST = Pattern.compile("(?m)^lost (\\d+)$");

  private final Path directory;
  private final NodeCgroups cgroups;
  private final Auditd auditd;
  private final String backlogBefore;
  private final long lostBefore;
  private final Path go;
  private final List<Process> parents = new ArrayList<>();

  private KillStorm(Path directory, NodeCgroups cgroups, Auditd auditd) {
    this.directory = directory;
    this.cgroups = cgroups;
    this.auditd = auditd;
    this.go = directory.resolve("go");
    this.backlogBefore = status(BACKLOG_LIMIT);
    this.lostBefore = Long.parseLong(status(LOST));
    Command.run(directory, List.of("auditctl", "-b", Integer.toString(BACKLOG)));
  }

  /** Starts auditd; nothing is killed yet. */
  static KillStorm prepare(Path directory) throws IOException {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    NodeCgroups cgroups = NodeCgroups.open();
    assumeTrue(cgroups != null, "needs root and a writable cgroup hierarchy");
    return new KillStorm(
        directory, Objects.requireNonNull(cgroups), Auditd.start(directory, Auditd.Format.RAW));
  }

  /** How many containers there are. */
  static int containers() {
    return CALLS.size();
  }

  /** The id of the container whose records have this call; null for others' records. */
  static String containerOf(long call) {
    int index = CALLS.indexOf((int) call);
    return index < 0 ? "" : Integer.toHexString(index + 1).repeat(64);
  }

  /** What auditd writes. */
  Path log() {
    return auditd.log();
  }

  /**
   * Lets the parents move into their containers, where they wait for {@link #go}.
   *
   * @param kills how many children each has killed
   * @param forks how many other children come before each of them
   */
  void gather(int kills, int forks) throws IOException {
    gather(kills, forks, forks);
  }

  /**
   * The same with other forks of the first container.
   *
   * @param first how many other children come before each of its killed ones
   */
  void gather(int kills, int first, int others) throws IOException {
    Path program = Probe.killStorm();
    for (int i = 0; i < CALLS.size(); i++) {
      int forks = i == 0 ? first : others;
      String pod = "5ecc0a7c-1111-4abc-8def-00000000000" + i;
      Path procs = cgroups.container(pod, containerOf(CALLS.get(i)));
      Path output = directory.resolve("storm-" + i);
      parents.add(
          Command.start(
              directory,
              output,
              List.of(
                  program.toString(),
                  procs.toString(),
                  go.toString(),
                  CALLS.get(i).toString(),
                  Integer.toString(kills),
                  Integer.toString(forks))));
      Await.until("a parent in its container", () -> Command.text(output).contains("ready"));
    }
  }

  /** Lets them begin, and waits for their end. */
  void go() throws IOException, InterruptedException {
    Files.createFile(go);
    for (Process parent : parents) {
      if (!parent.waitFor(120, TimeUnit.SECONDS) || parent.exitValue() != 0) {
        throw new AssertionError("a parent failed: " + parent);
      }
    }
  }

  /** Records that the kernel could not give to auditd, and so nobody saw. */
  long lost() {
    return Long.parseLong(status(LOST)) - lostBefore;
  }

  @Override
  public void close() throws IOException {
    for (Process parent : parents) {
      parent.destroyForcibly();
    }
    auditd.close();
    Command.run(directory, List.of("auditctl", "-b", backlogBefore));
    cgroups.close();
  }

  private String status(Pattern field) {
    Matcher matcher = field.matcher(Command.run(directory, List.of("auditctl", "-s")));
    if (!matcher.find()) {
      throw new AssertionError("auditctl -s has no " + field);
    }
    return matcher.group(1);
  }
}
