package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The directory of {@code --state-dir}: whether checkpoints can be kept there, and whether a
 * running agent holds it. Nothing in it is written, opened for writing or locked.
 */
record StateCheck(NodeFiles node, Path directory) implements Check {

  private static final String LOCK = "lock";

  @Override
  public List<Finding> run() {
    Path there = directory.toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    List<Finding> findings = new ArrayList<>();
    if (!Files.isDirectory(there)) {
      findings.add(
          Finding.problem(
              Section.STATE, "directory", there + " is no directory", "give another --state-dir"));
    } else if (!Files.isWritable(there)) {
      findings.add(
          Finding.problem(
              Section.STATE,
              "directory",
              there + " cannot be written: after a restart nothing is known of what was read",
              "mount a hostPath there that the agent's user may write, or give another"
                  + " --state-dir"));
    } else {
      findings.add(
          Finding.ok(
              Section.STATE,
              "directory",
              there.equals(directory.toAbsolutePath())
                  ? directory + " can be written"
                  : directory + " will be made in " + there));
    }
    holder()
        .ifPresent(
            pid ->
                findings.add(
                    Finding.ok(
                        Section.STATE, "agent", "PID " + pid + " holds it: an agent runs here")));
    return findings;
  }

  /** Who holds the lock: {@code <proc>/locks} (proc(5)), which disturbs nobody. */
  Optional<String> holder() {
    long inode;
    try {
      inode = ((Number) Files.getAttribute(directory.resolve(LOCK), "unix:ino")).longValue();
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
    // 1: POSIX  ADVISORY  WRITE 4711 fd:00:1234 0 EOF
    for (String line : node.proc("locks").lines()) {
      String[] fields = line.split("\\s+", -1);
      if (fields.length > 5 && fields[1].equals("POSIX") && fields[5].endsWith(":" + inode)) {
        return Optional.of(fields[4]);
      }
    }
    return Optional.empty();
  }
}
