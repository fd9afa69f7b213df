package io.seccompwatch.doctor;

import io.seccompwatch.linux.OwnPrivileges;
import io.seccompwatch.linux.OwnPrivileges.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;

/** Which of the node's own namespaces this process is in. */
record Namespaces(NodeFiles node, OwnPrivileges standing) {

  /** The namespaces that matter. */
  enum Kind {
    NET,
    PID,
    USER,
    CGROUP,
    TIME;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  // PROC_*_INIT_INO of include/linux/proc_ns.h
  private static final long FIRST_CGROUP = 0xEFFFFFFBL;
  private static final long FIRST_TIME = 0xEFFFFFFAL;

  Place place(Kind kind) {
    return switch (kind) {
      case NET -> standing.network();
      case PID -> standing.pid();
      case USER -> standing.user();
      case CGROUP -> place(kind, FIRST_CGROUP);
      case TIME -> place(kind, FIRST_TIME);
    };
  }

  /** Also of a kernel that has no such namespaces it is not known: there is no such file. */
  private Place place(Kind kind, long first) {
    try {
      String own =
          Files.readSymbolicLink(node.proc().resolve("self/ns").resolve(kind.label())).toString();
      return own.equals(kind.label() + ":[" + first + "]") ? Place.INITIAL : Place.OTHER;
    } catch (IOException e) {
      return Place.UNKNOWN;
    }
  }
}
