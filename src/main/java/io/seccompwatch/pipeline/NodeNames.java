package io.seccompwatch.pipeline;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.NodeName;
import io.seccompwatch.linux.IoReason;
import io.seccompwatch.linux.RegularFile;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.record.LineOrigin;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Names of this node, by which its own lines are told from those that a collector or a relay has
 * written into the same file. A line is this node's when each name that it gives is one of:
 *
 * <ul>
 *   <li>a name that was given: the host's, or that of {@code --node-name};
 *   <li>the short form of a given name that has a domain;
 *   <li>a name under which the same source has brought the agent's canary within a minute of its
 *       firing: an alias, an address, or the full form of a short name.
 * </ul>
 *
 * A line that gives no name is this node's. While the canary is off, the full form of a short given
 * name counts as the same name, because nothing can teach it.
 *
 * <p>Learned names are kept in the file {@code node-names} of the state directory. An agent that
 * starts again then knows this node's lines that were written while it did not run, before its
 * first canary. The file has a line with its version, one with the given names, and one of {@code
 * SOURCE NAME} for each learned name. A file without this node's name is another node's, of a
 * copied disk for example, and teaches nothing.
 *
 * <p>Names are compared without regard to case. Thread-safe; memory is bounded.
 */
public final class NodeNames {

  /** Names that a source keeps: a host that is renamed has two for a while. */
  private static final int MOST_LEARNED = 8;

  /** Other nodes that are told of in the log. */
  private static final int MOST_TOLD = 16;

  /** HOST_NAME_MAX is 64; a file of more holds something else. */
  private static final int MOST_BYTES = 1_024;

  /** {@code PROC_UTS_INIT_INO}, include/linux/proc_ns.h. */
  private static final String INITIAL_UTS = "uts:[4026531838]";

  private static final String VERSION = "1";

  /** A file of the most sources and names, each name of the greatest length, has less. */
  private static final int MOST_KEPT_BYTES = 65_536;

  /** Names that many machines have, and which therefore tell nothing. */
  private static final Set<String> COMMON = Set.of("localhost", "(none)", "");

  /** Names learned through one source, and the last canary's line there. */
  private static final class Learned {
    private final Deque<String> names = new ArrayDeque<>();
    private String canary = "";
    private LineOrigin origin = LineOrigin.NONE;
    private boolean disputed;
  }

  private final @Nullable String name;
  private final Set<String> given = new LinkedHashSet<>();
  private final boolean learns;
  private final AgentLog log;

  // Guarded by this.
  private final Map<String, Learned> learned = new HashMap<>();
  private final Set<String> told = new LinkedHashSet<>();
  private boolean unsaved;

  /**
   * Names that are known from the start.
   *
   * @param name the name under which violations of this node are published; null for none
   * @param given other names of it
   * @param learns whether a canary is fired that can teach more
   */
  NodeNames(@Nullable String name, Collection<String> given, boolean learns, AgentLog log) {
    this.name = name;
    this.learns = learns;
    this.log = log;
    List<String> all = new ArrayList<>(given);
    if (name != null) {
      all.add(name);
    }
    for (String each : all) {
      String normal = LineOrigin.normal(each);
      if (!COMMON.contains(LineOrigin.shortName(normal))) {
        this.given.add(normal);
      }
    }
  }

  /**
   * Returns the names of this node as far as the configuration and the machine tell them. The host
   * name counts where it is the machine's, and not a pod's.
   */
  public static NodeNames of(AgentConfig config, Map<String, String> environment, AgentLog log) {
    List<String> given = new ArrayList<>(1);
    try {
      Path uts = config.proc().resolve("self/ns/uts");
      if (Files.readSymbolicLink(uts).toString().equals(INITIAL_UTS)) {
        Path host = config.proc().resolve("sys/kernel/hostname");
        given.add(Files.readString(host, StandardCharsets.ISO_8859_1).strip());
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Only the given name is left, and what the canary teaches
    }
    // hostname(5): root's file, and needs no UTS namespace of the machine
    try {
      byte[] host = RegularFile.read(config.hostRoot().resolve("etc/hostname"), MOST_BYTES);
      given.add(new String(host, StandardCharsets.ISO_8859_1).strip());
    } catch (IOException e) {
      // Not mounted, mostly
    }
    return new NodeNames(NodeName.of(config, environment), given, config.canary() != null, log);
  }

  /**
   * Reads the names that an earlier run has learned.
   *
   * @param stateDirectory the agent's state directory
   * @return why the names could not be read; null when they were, or when none were kept yet
   */
  public synchronized @Nullable String load(Path stateDirectory) {
    Path file = file(stateDirectory);
    if (!learns) {
      return null;
    }
    try {
      byte[] bytes = RegularFile.read(file, MOST_KEPT_BYTES);
      List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
      if (lines.size() < 2 || !lines.getFirst().equals(VERSION)) {
        throw new IOException("damaged");
      }
      if (isOfThisNode(lines.get(1))) {
        lines.stream().skip(2).forEach(this::recall);
      }
      return null;
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      return file
          + ": "
          + IoReason.inWords(e)
          + ": until the first canary, lines under a name that it taught are another node's";
    }
  }

  /**
   * Returns true if the node's own name was among the given ones. A node without one must have the
   * same host name, or none as before.
   */
  private boolean isOfThisNode(String names) {
    List<String> before = List.of(names.split(" ", -1));
    if (name != null) {
      return before.contains(LineOrigin.normal(name));
    }
    return given.isEmpty() ? names.isEmpty() : before.stream().anyMatch(given::contains);
  }

  private void recall(String line) {
    String[] words = line.split(" ", -1);
    if (words.length == 2 && learned.size() < MOST_LEARNED) {
      add(learned.computeIfAbsent(words[0], first -> new Learned()), words[1]);
    }
  }

  /**
   * Writes the learned names where they have changed since the last time.
   *
   * @param stateDirectory the agent's state directory
   * @return why the names could not be written; null when there is nothing left to write
   */
  public @Nullable String save(Path stateDirectory) {
    StringBuilder text = new StringBuilder(VERSION).append('\n');
    synchronized (this) {
      if (!unsaved) {
        return null;
      }
      unsaved = false;
      text.append(String.join(" ", given)).append('\n');
      new TreeMap<>(learned)
          .forEach(
              (source, of) ->
                  of.names.forEach(
                      each -> text.append(source).append(' ').append(each).append('\n')));
    }
    Path file = file(stateDirectory);
    try {
      RegularFile.replace(file, text.toString().getBytes(StandardCharsets.UTF_8), false);
      return null;
    } catch (IOException e) {
      synchronized (this) {
        unsaved = true;
      }
      return file
          + ": "
          + IoReason.inWords(e)
          + ": after a restart, lines under a learned name are another node's until the canary";
    }
  }

  private static Path file(Path stateDirectory) {
    return stateDirectory.resolve("node-names");
  }

  /** Returns the name under which violations of this node are published; null for none. */
  @Nullable String name() {
    return name;
  }

  /** Returns whether a line that a source has brought is this node's. */
  boolean isOwn(String source, LineOrigin origin) {
    if (origin.equals(LineOrigin.NONE)) {
      return true;
    }
    boolean own = isOwn(source, origin.node()) && isOwn(source, origin.host());
    if (!own) {
      tell(source, origin);
    }
    return own;
  }

  private boolean isOwn(String source, @Nullable String text) {
    if (text == null) {
      return true;
    }
    String line = LineOrigin.normal(text);
    if (given.contains(line) || given.stream().anyMatch(full -> isShortOf(line, full))) {
      return true;
    }
    if (!learns) {
      return given.stream().anyMatch(brief -> isShortOf(brief, line)) && !hasFullFormOf(line);
    }
    synchronized (this) {
      Learned of = learned.get(source);
      return of != null && of.names.contains(line);
    }
  }

  private static boolean isShortOf(String brief, String full) {
    return full.length() > brief.length() && brief.equals(LineOrigin.shortName(full));
  }

  /** Returns true if a given name shows that the node is in another domain. */
  private boolean hasFullFormOf(String line) {
    String brief = LineOrigin.shortName(line);
    return given.stream().anyMatch(full -> isShortOf(brief, full));
  }

  /**
   * Learns the names in a line of the agent's own canary. When two lines of one firing come through
   * one source and disagree, one of them is forged: that source teaches nothing from then on. A
   * short name and its full form agree.
   *
   * @param canary the canary's name, which each firing has anew
   */
  synchronized void learn(String source, String canary, LineOrigin origin) {
    Learned of = learned.computeIfAbsent(source, first -> new Learned());
    if (of.disputed) {
      return;
    }
    if (of.canary.equals(canary)
        && (disagree(of.origin.node(), origin.node())
            || disagree(of.origin.host(), origin.host()))) {
      of.disputed = true;
      unsaved |= !of.names.isEmpty();
      of.names.clear();
      log.warn(
          "the canary came under two names: names in this source are not believed",
          "source",
          source,
          "first",
          String.valueOf(of.origin.name()),
          "second",
          String.valueOf(origin.name()));
      return;
    }
    of.canary = canary;
    of.origin = origin;
    unsaved |= add(of, origin.node());
    unsaved |= add(of, origin.host());
  }

  private static boolean disagree(@Nullable String first, @Nullable String second) {
    if (first == null || second == null) {
      return false;
    }
    String one = LineOrigin.normal(first);
    String other = LineOrigin.normal(second);
    return !one.equals(other) && !isShortOf(one, other) && !isShortOf(other, one);
  }

  /** Returns true if the name was not known; one that no file can keep is not learned. */
  private static boolean add(Learned of, @Nullable String text) {
    String line = text == null ? "" : LineOrigin.normal(text);
    if (line.isEmpty() || of.names.contains(line) || line.chars().anyMatch(c -> c <= ' ')) {
      return false;
    }
    of.names.addLast(line);
    if (of.names.size() > MOST_LEARNED) {
      of.names.removeFirst();
    }
    return true;
  }

  private synchronized void tell(String source, LineOrigin origin) {
    String other = String.valueOf(origin.name());
    if (told.size() < MOST_TOLD && told.add(LineOrigin.normal(other))) {
      log.info(
          "a source has lines under another node's name: their workloads are unknown",
          "source",
          source,
          "name",
          other,
          "own",
          given.isEmpty() ? "not known yet" : String.join(", ", given));
    }
  }
}
