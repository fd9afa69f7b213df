package io.seccompwatch.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which of the node's own namespaces this process is in. */
record Namespaces(NodeFiles node) {

  /**
   * The namespaces that matter, with the inode numbers of the first of each kind: include/linux/
   * proc_ns.h, since 6.18 include/uapi/linux/nsfs.h, where NET is new.
   */
  enum Kind {
    NET(0xEFFFFFF9L),
    PID(0xEFFFFFFCL),
    USER(0xEFFFFFFDL),
    CGROUP(0xEFFFFFFBL),
    TIME(0xEFFFFFFAL);

    private final long first;

    Kind(long first) {
      this.first = first;
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Whether a namespace is the node's. */
  enum Place {
    NODE,
    OTHER,
    /** The kernel has no such namespaces, or does not show them. */
    UNKNOWN
  }

  /** A setting of the network that the kernel shows in the first namespace only. */
  private static final String FIRST_NETWORK_ONLY = "sys/net/core/netdev_budget";

  private static final String SETTING_OF_ALL = "sys/net/core/somaxconn";

  Place place(Kind kind) {
    String own = link("self", kind);
    if (own == null) {
      return Place.UNKNOWN;
    }
    if (own.equals(kind.label() + ":[" + kind.first + "]")) {
      return Place.NODE;
    }
    if (kind != Kind.NET) {
      return Place.OTHER;
    }
    // Before 6.18 the number of the first network namespace is any
    String first = link("1", kind);
    if (first != null && place(Kind.PID) == Place.NODE) {
      return own.equals(first) ? Place.NODE : Place.OTHER;
    }
    if (!Files.exists(node.proc().resolve(SETTING_OF_ALL))) {
      return Place.UNKNOWN;
    }
    return Files.exists(node.proc().resolve(FIRST_NETWORK_ONLY)) ? Place.NODE : Place.OTHER;
  }

  private @Nullable String link(String process, Kind kind) {
    try {
      Path link = node.proc().resolve(process).resolve("ns").resolve(kind.label());
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return null;
    }
  }
}
