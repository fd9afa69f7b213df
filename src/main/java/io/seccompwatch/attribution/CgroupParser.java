package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.CgroupOwner.Refused;
import io.seccompwatch.attribution.CgroupOwner.Unresolved;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text of a {@code /proc/PID/cgroup} (cgroups(7): {@code id:controllers:path} a line).
 * Lines that name a pod beat the rest, lines that disagree are refused. Never throws, whatever the
 * bytes. Stateless but for the anchor, and safe for any number of threads.
 */
public final class CgroupParser {

  /** The longest text that is read; 14 hierarchies with paths of {@code PATH_MAX} stay below. */
  public static final int MAX_BYTES = 64 * 1024;

  private final CgroupAnchor anchor;
  private final PodPlaces places;

  /** A parser for an agent that found itself at this anchor, and else knows names only. */
  public CgroupParser(CgroupAnchor anchor) {
    this(anchor, PodPlaces.byName());
  }

  /**
   * A parser.
   *
   * @param anchor the agent's own place
   * @param places where pods are, if the agent's own place does not tell
   */
  public CgroupParser(CgroupAnchor anchor, PodPlaces places) {
    this.anchor = anchor;
    this.places = places;
  }

  /** Whom the first {@code length} bytes name; more than {@link #MAX_BYTES} are refused. */
  public CgroupOwner parse(byte[] bytes, int length) {
    return read(bytes, length).alive();
  }

  /** Whom a text names, when the process lives. */
  public CgroupOwner parse(String text) {
    return read(text).alive();
  }

  /**
   * What a text means.
   *
   * @param alive when the process lives
   * @param dead when it is a zombie: hierarchies of v1 have moved it to the root, so that one line
   *     that still names a place (the service of the runtime, a nested node) may not be its own
   */
  record Reading(CgroupOwner alive, CgroupOwner dead) {}

  Reading read(byte[] bytes, int length) {
    // Names are compared with ASCII only, so one char per byte is exact and cheap.
    return read(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
  }

  Reading read(String text) {
    if (text.length() > MAX_BYTES) {
      return malformed();
    }
    Verdict verdict = new Verdict();
    String previous = "";
    for (int from = 0; from < text.length(); ) {
      int newline = text.indexOf('\n', from);
      int end = newline < 0 ? text.length() : newline;
      String line = text.substring(from, end);
      from = end + 1;
      if (line.isEmpty() || line.equals("\r")) {
        continue;
      }
      String printed = printedPath(line);
      if (printed == null) {
        return malformed();
      }
      // On v1 a dozen lines name the same path.
      if (!printed.equals(previous)) {
        CgroupPath path = CgroupPath.of(printed);
        verdict.add(
            path == null
                ? new Refused(AttributionReason.CGROUP_MALFORMED)
                : owner(path, controllersOf(line)));
      }
      previous = anchor.hasNamespaceRoots() ? "" : printed;
    }
    CgroupOwner owner = verdict.owner();
    return new Reading(owner, verdict.mayBeMoved() ? new Unresolved() : owner);
  }

  private CgroupOwner owner(CgroupPath path, String controllers) {
    CgroupPath whole = anchor.whole(controllers, path);
    return whole == null ? path.ownerFromWithin(anchor) : whole.owner(anchor, places);
  }

  /** The second field of a line; empty for v2, and for a line that has none. */
  static String controllersOf(String line) {
    int first = line.indexOf(':');
    int second = first < 0 ? -1 : line.indexOf(':', first + 1);
    return second < 0 ? "" : line.substring(first + 1, second);
  }

  private static Reading malformed() {
    Refused refused = new Refused(AttributionReason.CGROUP_MALFORMED);
    return new Reading(refused, refused);
  }

  /** The path of a line, cut into names; null when the line is malformed. */
  static @Nullable CgroupPath pathOf(String line) {
    String printed = printedPath(line);
    return printed == null ? null : CgroupPath.of(printed);
  }

  /** What follows the second colon; paths hold colons themselves. */
  private static @Nullable String printedPath(String line) {
    int first = line.indexOf(':');
    int second = first < 0 ? -1 : line.indexOf(':', first + 1);
    if (second < 0 || !CgroupNames.isDigits(line.substring(0, first), 0)) {
      return null;
    }
    int end = line.endsWith("\r") ? line.length() - 1 : line.length();
    String path = line.substring(second + 1, end);
    return path.startsWith("/") ? path : null;
  }

  /** The lines' answers, put together. */
  private static final class Verdict {
    private @Nullable InContainer pod;
    private @Nullable InContainer container;
    private @Nullable Refused podRefused;
    private @Nullable Refused containerRefused;
    private boolean helper;
    private boolean host;
    private boolean atRoot;

    void add(CgroupOwner line) {
      switch (line) {
        case InContainer in when in.podUid() != null -> addPod(in);
        case InContainer in -> addContainer(in);
        case Host found -> {
          helper |= found.helper();
          host = true;
        }
        case Unresolved _ -> atRoot = true;
        case Refused refused -> podRefused = refused;
      }
    }

    private void addPod(InContainer in) {
      InContainer known = pod;
      if (known == null) {
        pod = in;
      } else if (!CgroupNames.sameUid(String.valueOf(known.podUid()), String.valueOf(in.podUid()))
          || disagree(known.containerId(), in.containerId())) {
        podRefused = new Refused(AttributionReason.CGROUP_CONFLICT);
      } else {
        pod = merge(known, in);
      }
    }

    private void addContainer(InContainer in) {
      InContainer known = container;
      if (known == null) {
        container = in;
      } else if (disagree(known.containerId(), in.containerId())) {
        containerRefused = new Refused(AttributionReason.CGROUP_CONFLICT);
      } else {
        container = merge(known, in);
      }
    }

    private static boolean disagree(@Nullable String a, @Nullable String b) {
      return a != null && b != null && !a.equals(b);
    }

    private static InContainer merge(InContainer a, InContainer b) {
      return new InContainer(
          a.podUid(),
          a.containerId() != null ? a.containerId() : b.containerId(),
          a.runtime() != ContainerRuntime.UNKNOWN ? a.runtime() : b.runtime(),
          a.qos() != null ? a.qos() : b.qos(),
          a.tenant() || b.tenant());
    }

    boolean mayBeMoved() {
      return atRoot && pod == null && podRefused == null;
    }

    CgroupOwner owner() {
      if (podRefused != null) {
        return podRefused;
      }
      if (pod != null) {
        // conmon's lines may reach only to the pod's slice in hierarchies without delegation.
        return helper ? orHelper(pod) : pod;
      }
      if (containerRefused != null) {
        return containerRefused;
      }
      if (container != null) {
        return helper ? orHelper(container) : container;
      }
      if (host) {
        return new Host(helper);
      }
      return atRoot ? new Unresolved() : new Refused(AttributionReason.CGROUP_EMPTY);
    }

    private static CgroupOwner orHelper(InContainer in) {
      return in.containerId() == null
          ? new Host(true)
          : new Refused(AttributionReason.CGROUP_CONFLICT);
    }
  }
}
