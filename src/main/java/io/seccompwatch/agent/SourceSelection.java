package io.seccompwatch.agent;

import io.seccompwatch.agent.SourceSpec.Kind;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns {@code --source} into what is really read. {@code auto} takes auditd's log where there is
 * one, and beside it the kernel's ring, or syslog's file where the ring cannot be read: a log file
 * that exists may be a dead daemon's, and what two sources bring counts once.
 *
 * @param sources kinds with their paths, never {@code auto}
 * @param why for each source of {@code auto}, taken or not, the reason
 */
public record SourceSelection(List<Chosen> sources, List<String> why) {

  /** A source and what it reads. */
  public record Chosen(Kind kind, Path path) {}

  /** Where things are on a node; a parameter for tests. */
  public record Places(Path auditLog, List<Path> syslogs, Path kmsg) {

    /** Where distributions put them: Debian's and Ubuntu's, then RHEL's and SUSE's. */
    public static Places usual() {
      return new Places(
          Path.of("/var/log/audit/audit.log"),
          List.of(
              Path.of("/var/log/syslog"),
              Path.of("/var/log/messages"),
              Path.of("/var/log/kern.log")),
          Path.of("/dev/kmsg"));
    }
  }

  /** Decides; looks at the files once. */
  public static SourceSelection of(List<SourceSpec> specs, Places places) {
    List<Chosen> chosen = new ArrayList<>();
    List<String> why = new ArrayList<>();
    for (SourceSpec spec : specs) {
      Path path = spec.path();
      switch (spec.kind()) {
        case AUTO -> auto(places, chosen, why);
        case AUDIT_LOG ->
            chosen.add(new Chosen(Kind.AUDIT_LOG, path == null ? places.auditLog() : path));
        case SYSLOG -> chosen.add(new Chosen(Kind.SYSLOG, path == null ? syslog(places) : path));
        case KMSG -> chosen.add(new Chosen(Kind.KMSG, path == null ? places.kmsg() : path));
      }
    }
    return new SourceSelection(chosen.stream().distinct().toList(), why);
  }

  private static void auto(Places places, List<Chosen> chosen, List<String> why) {
    if (canOpen(places.auditLog())) {
      chosen.add(new Chosen(Kind.AUDIT_LOG, places.auditLog()));
      why.add("audit-log: " + places.auditLog() + " is there");
    } else {
      why.add(
          "no audit-log: "
              + places.auditLog()
              + (Files.exists(places.auditLog()) ? " cannot be read" : " is not there"));
    }
    if (canOpen(places.kmsg())) {
      chosen.add(new Chosen(Kind.KMSG, places.kmsg()));
      why.add("kmsg: " + places.kmsg() + " can be read, so syslog would add nothing");
      return;
    }
    why.add("no kmsg: " + places.kmsg() + " cannot be read");
    Path syslog = syslog(places);
    if (canOpen(syslog)) {
      chosen.add(new Chosen(Kind.SYSLOG, syslog));
      why.add("syslog: " + syslog + " is there");
    } else {
      why.add("no syslog: " + syslog + " cannot be read");
    }
  }

  private static Path syslog(Places places) {
    return places.syslogs().stream()
        .filter(SourceSelection::canOpen)
        .findFirst()
        .orElse(places.syslogs().getFirst());
  }

  /** Really opens it: access(2) knows nothing of a container's device rules. */
  private static boolean canOpen(Path path) {
    try (SeekableByteChannel opened = Files.newByteChannel(path)) {
      return opened.isOpen() && !Files.isDirectory(path);
    } catch (IOException e) {
      return false;
    }
  }
}
