package io.seccompwatch.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where this process stands towards the node: the namespaces it lives in (namespaces(7)) and its
 * effective capabilities (capabilities(7)). A snapshot; both may change while a process runs.
 *
 * @param user its user namespace
 * @param pid its PID namespace
 * @param network its network namespace
 * @param effective the bits of its effective capabilities, in its own user namespace; all of them
 *     when nothing tells
 */
public record OwnPrivileges(Place user, Place pid, Place network, long effective) {

  // include/uapi/linux/capability.h
  public static final int CAP_AUDIT_CONTROL = 30;
  public static final int CAP_AUDIT_READ = 37;

  // enum init_ns_ino of include/uapi/linux/nsfs.h, before 6.18 PROC_*_INIT_INO of proc_ns.h
  private static final long USER_NS_INIT_INO = 0xEFFFFFFDL;
  private static final long PID_NS_INIT_INO = 0xEFFFFFFCL;

  /** Only from Linux 6.18 on; earlier it is any number from 0xF0000000 on. */
  private static final long NET_NS_INIT_INO = 0xEFFFFFF9L;

  private static final long ALL = -1;

  /** Made for the initial network namespace alone (net/core/sysctl_net_core.c). */
  private static final String INITIAL_ONLY = "sys/net/core/netdev_max_backlog";

  /** Made for each network namespace. */
  private static final String IN_EACH = "sys/net/core/somaxconn";

  /** Which namespace of a kind. */
  public enum Place {
    /** The one that the kernel was started with: the node's own. */
    INITIAL,
    /** Another one: a container's, or that of a node which is itself a container. */
    OTHER,
    /** Nothing here tells. */
    UNKNOWN
  }

  /** Of this process, by its own procfs. */
  public static OwnPrivileges current() {
    return of(Path.of("/proc"));
  }

  /**
   * Of this process.
   *
   * @param proc a procfs in which this process can be seen; sysctls are those of the network
   *     namespace of whoever looks, whichever procfs it is
   */
  static OwnPrivileges of(Path proc) {
    Path self = proc.resolve("self");
    return new OwnPrivileges(
        place(self.resolve("ns/user"), USER_NS_INIT_INO),
        place(self.resolve("ns/pid"), PID_NS_INIT_INO),
        network(proc),
        effective(self.resolve("status")));
  }

  /** Whether a capability is effective. */
  public boolean has(int capability) {
    return (effective >>> capability & 1) != 0;
  }

  private static Place network(Path proc) {
    if (place(proc.resolve("self/ns/net"), NET_NS_INIT_INO) == Place.INITIAL
        || Files.exists(proc.resolve(INITIAL_ONLY))) {
      return Place.INITIAL;
    }
    return Files.exists(proc.resolve(IN_EACH)) ? Place.OTHER : Place.UNKNOWN;
  }

  private static Place place(Path link, long initial) {
    try {
      String target = Files.readSymbolicLink(link).toString(); // user:[4026531837]
      return target.endsWith(":[" + initial + "]") ? Place.INITIAL : Place.OTHER;
    } catch (IOException e) {
      return Place.UNKNOWN;
    }
  }

  private static long effective(Path status) {
    try (var lines = Files.lines(status, StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.startsWith("CapEff:"))
          .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
          .findFirst()
          .orElse(ALL);
    } catch (IOException | RuntimeException e) {
      return ALL;
    }
  }
}
