package io.seccompwatch.config;

import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.linux.AuditMulticast;
import io.seccompwatch.linux.AuditMulticast.Availability;
import io.seccompwatch.linux.RegularFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Turns {@code --source} into what is really read. {@code auto} takes the kernel's audit socket
 * where it can be had, because nothing between the kernel and the agent can drop or forge a record
 * there, and auditd's log where there is one, because it goes back before the agent's start. The
 * kernel's ring, or syslog's file where the ring cannot be read, is taken where the socket cannot
 * be had: a log file that exists may be a dead daemon's, and what two sources bring counts once.
 *
 * @param sources kinds with their paths, never {@code auto}
 * @param why for each source of {@code auto}, taken or not, the reason
 */
public record SourceSelection(List<Chosen> sources, List<String> why) {

  private static final Chosen NETLINK = new Chosen(Kind.AUDIT_NETLINK, Path.of("audit-multicast"));

  /** A source and what it reads, which for the audit socket is only a name. */
  public record Chosen(Kind kind, Path path) {}

  /**
   * Where things are on a node; a parameter for tests.
   *
   * @param journals directories of journald's
   * @param multicast whether the kernel's audit socket can be had
   */
  public record Places(
      Path auditLog,
      List<Path> syslogs,
      Path kmsg,
      List<Path> journals,
      Supplier<Availability> multicast) {

    /** Where distributions put them: Debian's and Ubuntu's, then RHEL's and SUSE's. */
    public static Places usual() {
      return new Places(
          Path.of("/var/log/audit/audit.log"),
          List.of(
              Path.of("/var/log/syslog"),
              Path.of("/var/log/messages"),
              Path.of("/var/log/kern.log")),
          Path.of("/dev/kmsg"),
          List.of(Path.of("/run/log/journal"), Path.of("/var/log/journal")),
          AuditMulticast::probe);
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
        case AUDIT_NETLINK -> chosen.add(NETLINK);
      }
    }
    return new SourceSelection(chosen.stream().distinct().toList(), why);
  }

  private static void auto(Places places, List<Chosen> chosen, List<String> why) {
    boolean socket = netlink(places, chosen, why);
    boolean auditLog = auditLog(places, chosen, why);
    if (socket) {
      String meanwhile = "what comes while the agent does not run ";
      why.add(
          "no kmsg, no syslog: they could bring less than audit-netlink; "
              + meanwhile
              + (auditLog ? "is in audit-log" : "is read only with --source kmsg or syslog too"));
      return;
    }
    boolean taken = kmsgOrSyslog(places, chosen, why) || auditLog;
    if (!taken) {
      journal(places, why);
    }
  }

  private static boolean netlink(Places places, List<Chosen> chosen, List<String> why) {
    return switch (places.multicast().get()) {
      case Availability.Available available -> {
        chosen.add(NETLINK);
        String doubt = available.doubt();
        why.add("audit-netlink: can be had" + (doubt == null ? "" : ", but " + doubt));
        yield true;
      }
      case Availability.Unavailable unavailable -> {
        why.add("no audit-netlink: " + unavailable.message());
        yield false;
      }
    };
  }

  private static boolean auditLog(Places places, List<Chosen> chosen, List<String> why) {
    if (canOpen(places.auditLog())) {
      chosen.add(new Chosen(Kind.AUDIT_LOG, places.auditLog()));
      why.add("audit-log: " + places.auditLog() + " is there");
      return true;
    }
    why.add(
        "no audit-log: "
            + places.auditLog()
            + (Files.exists(places.auditLog()) ? " cannot be read" : " is not there"));
    return false;
  }

  private static boolean kmsgOrSyslog(Places places, List<Chosen> chosen, List<String> why) {
    if (canOpenRing(places.kmsg())) {
      chosen.add(new Chosen(Kind.KMSG, places.kmsg()));
      why.add("kmsg: " + places.kmsg() + " can be read, so syslog would add nothing");
      return true;
    }
    why.add("no kmsg: " + places.kmsg() + " cannot be read");
    Path syslog = syslog(places);
    if (canOpen(syslog)) {
      chosen.add(new Chosen(Kind.SYSLOG, syslog));
      why.add("syslog: " + syslog + " is there");
      return true;
    }
    why.add("no syslog: " + syslog + " cannot be read");
    return false;
  }

  /**
   * journald took the records from the same two streams of the kernel that are ours to read, so
   * that its files, whose format needs the host's own library, would add nothing.
   */
  private static void journal(Places places, List<String> why) {
    places.journals().stream()
        .filter(Files::isDirectory)
        .findFirst()
        .ifPresent(
            journal ->
                why.add(
                    "journald keeps "
                        + journal
                        + ", which is not read: give audit-netlink (CAP_AUDIT_READ and"
                        + " hostNetwork), or kmsg (privileged)"));
  }

  private static Path syslog(Places places) {
    return places.syslogs().stream()
        .filter(SourceSelection::canOpen)
        .findFirst()
        .orElse(places.syslogs().getFirst());
  }

  /** Really opens it: access(2) knows nothing of a container's device rules. */
  private static boolean canOpen(Path path) {
    try (FileChannel opened = RegularFile.open(path)) {
      return opened.isOpen();
    } catch (IOException e) {
      return false;
    }
  }

  /** The same for the kernel's ring: a container may have another device in its place. */
  private static boolean canOpenRing(Path path) {
    try {
      if (!RegularFile.isKernelLog(path)) {
        return canOpen(path);
      }
      try (SeekableByteChannel opened = Files.newByteChannel(path)) {
        return opened.isOpen();
      }
    } catch (IOException e) {
      return false;
    }
  }
}
