package io.seccompwatch.source;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/**
 * A writer, a rotator and a node's careless people, who act on real files; and the book of what was
 * written where. A line is excused only when its last copy was destroyed while no handle of the
 * agent can have been on it.
 */
final class LogModel {

  static final int KEEP = 5;

  /** One file as it was made; its lines are those that a reader of it could still read. */
  static final class Made {
    final List<Integer> lines = new ArrayList<>();

    /** Whether the agent, as it runs now, has had the file open since a poll. */
    boolean held;

    /** Whether the agent, running or not, has ever been able to see it under a name. */
    boolean seen;

    /**
     * Whether it was quiet for so long that the agent closed it: late writers are not waited for.
     */
    boolean released;

    /** Whether the last checkpoint surely tells of it as of a file that may hold more. */
    boolean recorded;

    /** Whether it was made by a rotator: no writer has it open. */
    boolean copied;

    boolean compressed;

    /** How much of its last line is written without the rest; and which line that is. */
    String partial = "";

    int partialLine;

    /** Whether it was rotated away with a partial last line, which is never completed. */
    boolean cut;
  }

  final Set<Integer> excused = new HashSet<>();
  final List<String> texts = new ArrayList<>();
  final List<String> story = new ArrayList<>();

  /** Whether something was done after which the agent may say that bytes may be lost. */
  boolean mayBeLost;

  private final Path home;
  private final Path away;
  private final Path followed;
  private final boolean linked;
  private final Random random;

  private String name;

  /** The link's last target all of whose files the agent has surely judged; empty when not sure. */
  private String judged = "";

  /** The link's targets beside which the agent, as it runs now, has surely looked. */
  private final Set<String> listed = new HashSet<>();

  /** Files that went while the agent was down and knew of unread lines in them. */
  private int certainlyLost;

  private boolean down;
  private boolean isAway;
  private int links;

  /** Files by their names relative to the directory. */
  private final TreeMap<String, Made> names = new TreeMap<>();

  private final Map<Made, Path> unlinkedWriter = new HashMap<>();

  LogModel(Path root, Random random) throws IOException {
    this.random = random;
    this.home = Files.createDirectory(root.resolve("log"));
    this.away = root.resolve("moved");
    this.linked = random.nextInt(5) == 0;
    this.name = linked ? "target-0.log" : "audit.log";
    this.followed = linked ? root.resolve("audit.log") : home.resolve(name);
    if (linked) {
      Files.createSymbolicLink(followed, home.resolve(name));
    }
  }

  Path followed() {
    return followed;
  }

  boolean isAway() {
    return isAway;
  }

  boolean isLinked() {
    return linked;
  }

  /** Writes whole lines to the present file, after a partial line the rest of it. */
  void append(Set<Integer> delivered) throws IOException {
    Made file = present();
    StringBuilder text = new StringBuilder();
    int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 400 : 6);
    for (int i = 0; i < count; i++) {
      text.append(nextLine(file)).append(random.nextInt(20) == 0 ? "\r\n" : "\n");
    }
    write(path(name), text.toString());
    story.add("append " + count + " to " + name + " up to " + (texts.size() - 1));
  }

  /** Writes the beginning of a line, or goes on with it. */
  void appendPart() throws IOException {
    Made file = present();
    String line = file.partial.isEmpty() ? newLine() : texts.get(file.partialLine);
    int from = file.partial.length();
    int to = from + 1 + random.nextInt(Math.max(1, line.length() - from - 1));
    if (to >= line.length()) {
      return;
    }
    if (from == 0) {
      texts.add(line);
      // Until its newline is written nobody can ask for it.
      file.partialLine = texts.size() - 1;
      excused.add(file.partialLine);
    }
    file.partial = line.substring(0, to);
    write(path(name), line.substring(from, to));
    story.add("part of " + file.partialLine + " to " + to);
  }

  /** Renames audit.log to audit.log.1 and so on; a new file comes now or with the next line. */
  void rotate(Set<Integer> delivered) throws IOException {
    if (!names.containsKey(name)) {
      return;
    }
    shift(delivered);
    Files.move(path(name), path(name + ".1"));
    Made moved = Objects.requireNonNull(names.remove(name));
    moved.cut = !moved.partial.isEmpty();
    moved.partial = "";
    names.put(name + ".1", moved);
    excuseForeign(moved, delivered);
    story.add("rotate");
    if (random.nextBoolean()) {
      present();
      write(path(name), "");
    }
  }

  /** The writer has not reopened: it goes on with the file that was renamed last. */
  void appendLate() throws IOException {
    Made file = names.get(name + ".1");
    if (file == null || file.compressed || file.copied || !file.held) {
      return;
    }
    String line = newLine();
    texts.add(line);
    file.lines.add(texts.size() - 1);
    write(path(name + ".1"), (file.cut ? "\n" : "") + line + "\n");
    file.cut = false;
    story.add("late " + (texts.size() - 1));
  }

  /** Copies, perhaps writes what nobody will see, and truncates. */
  void copyTruncate(Set<Integer> delivered) throws IOException {
    if (!names.containsKey(name)) {
      return;
    }
    shift(delivered);
    Files.copy(path(name), path(name + ".1"));
    Made original = present();
    Made copy = new Made();
    copy.lines.addAll(original.lines);
    copy.copied = true;
    copy.seen = original.seen;
    copy.cut = !original.partial.isEmpty();
    names.put(name + ".1", copy);
    boolean between = random.nextInt(4) == 0;
    if (between) {
      original.partial = "";
      String line = newLine();
      texts.add(line);
      write(path(name), "\n" + line + "\n");
      excused.add(texts.size() - 1);
      mayBeLost = true;
    }
    truncateFile(original);
    excuseForeign(copy, delivered);
    story.add("copytruncate" + (between ? " with a line between" : ""));
  }

  void truncate(Set<Integer> delivered) throws IOException {
    Made file = names.get(name);
    if (file != null) {
      excuse(file, delivered);
      truncateFile(file);
      mayBeLost = true;
      story.add("truncate");
    }
  }

  void delete(Set<Integer> delivered) throws IOException {
    if (names.containsKey(name)) {
      remove(name, delivered);
      story.add("delete");
    }
  }

  void compress(Set<Integer> delivered) throws IOException {
    String sibling = name + "." + (1 + random.nextInt(KEEP));
    Made file = names.get(sibling);
    if (file == null || file.compressed) {
      return;
    }
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(path(sibling + ".gz")))) {
      Files.copy(path(sibling), out);
    }
    Files.delete(path(sibling));
    names.remove(sibling);
    file.compressed = true;
    // Of a file never read, or empty, nothing is known by which to know it again.
    mayBeLost |= !file.held || file.lines.isEmpty();
    names.put(sibling + ".gz", file);
    story.add("compress " + sibling);
  }

  /** Turns the link to a new file. */
  void swapLink(Set<Integer> delivered) throws IOException {
    if (!linked || isAway) {
      return;
    }
    // Between two looks the link may be turned twice: what it led to in between is not known.
    names.forEach(
        (each, file) -> {
          if (!file.seen && !isOf(judged, each)) {
            excuse(file, delivered);
          }
        });
    name = "target-" + ++links + ".log";
    present();
    write(path(name), "");
    Path next = followed.resolveSibling("link.tmp");
    Files.createSymbolicLink(next, home.resolve(name));
    Files.move(next, followed, StandardCopyOption.ATOMIC_MOVE);
    mayBeLost = true;
    story.add("swap to " + name);
  }

  void moveAway() throws IOException {
    Files.move(isAway ? away : home, isAway ? home : away);
    isAway = !isAway;
    story.add(isAway ? "move away" : "move back");
  }

  /**
   * The agent has polled: what it could see, it has open.
   *
   * @param whole whether it came to its end
   */
  void polled(boolean denied, boolean whole) {
    if (isAway) {
      return;
    }
    if (whole && !denied) {
      judged = name;
      certainlyLost = 0;
      for (Map.Entry<String, Made> each : names.entrySet()) {
        Made file = each.getValue();
        boolean visible = isOf(name, each.getKey());
        // A sibling is not opened before it holds something.
        boolean holds = each.getKey().equals(name) || !file.lines.isEmpty();
        file.held |= visible && holds && !file.released;
        file.seen |= visible;
      }
    } else if (!judged.equals(name)) {
      judged = "";
    }
    if (whole) {
      listed.add(name);
    }
  }

  /**
   * A checkpoint was written. Of a file that had no whole line it tells too little: the few bytes
   * are the beginning of every file, and any may be its copy.
   */
  void recorded(Set<Integer> delivered) {
    for (Made each : names.values()) {
      each.recorded = each.held && each.lines.stream().anyMatch(delivered::contains);
    }
  }

  /** The next agent knows less than the last checkpoint told. */
  void checkpointIsDamaged() {
    names.values().forEach(each -> each.recorded = false);
  }

  /** The agent is gone and with it its handles. */
  void stopped(Set<Integer> delivered) {
    down = true;
    for (Made each : names.values()) {
      each.held = false;
      each.released &= !isUnread(each, delivered); // a checkpoint tells that it was closed
    }
    for (Made each : unlinkedWriter.keySet()) {
      excuse(each, delivered);
    }
    // Of a link's targets a restart looks at the last that was judged and at the present one.
    // Beside the present one, if it was not judged, only what the checkpoint tells of is known.
    names.forEach(
        (each, file) -> {
          boolean present = isOf(name, each) && (file.seen || each.equals(name));
          if (!present && !isOf(judged, each)) {
            excuse(file, delivered);
          }
        });
    listed.clear();
    listed.add(judged);
  }

  /** The agent is there again. */
  void started() {
    down = false;
  }

  /** How many losses its next whole look must tell. */
  int certainlyLost() {
    return certainlyLost;
  }

  /** Nothing that is there by now is asked for. */
  void forget(Set<Integer> delivered) {
    names.values().forEach(each -> excuse(each, delivered));
    names.values().forEach(each -> each.seen = true);
    names.values().forEach(each -> each.recorded = false);
    names.forEach((each, file) -> file.released |= !each.equals(name));
    certainlyLost = 0;
    judged = "";
    listed.add(name);
  }

  /** Time has passed: what was rotated away may have been closed. */
  void quiet() {
    for (Map.Entry<String, Made> each : names.entrySet()) {
      if (!each.getKey().equals(name)) {
        each.getValue().held = false;
        each.getValue().released = true;
      }
    }
  }

  private void shift(Set<Integer> delivered) throws IOException {
    for (String suffix : List.of("", ".gz")) {
      String oldest = name + "." + KEEP + suffix;
      if (names.containsKey(oldest)) {
        remove(oldest, delivered);
      }
    }
    for (int i = KEEP - 1; i >= 1; i--) {
      for (String suffix : List.of("", ".gz")) {
        Made file = names.remove(name + "." + i + suffix);
        if (file != null) {
          String next = name + "." + (i + 1) + suffix;
          Files.move(path(name + "." + i + suffix), path(next));
          names.put(next, file);
        }
      }
    }
  }

  private void remove(String gone, Set<Integer> delivered) throws IOException {
    Files.delete(path(gone));
    Made file = Objects.requireNonNull(names.remove(gone));
    file.partial = "";
    mayBeLost = true;
    if (down && isUnread(file, delivered) && file.recorded && isJudged(gone)) {
      certainlyLost++;
    }
    if (file.held) {
      unlinkedWriter.put(file, path(gone)); // still readable through the agent's handle
    } else {
      excuse(file, delivered);
    }
  }

  private void truncateFile(Made file) throws IOException {
    try (OutputStream out =
        Files.newOutputStream(path(name), StandardOpenOption.TRUNCATE_EXISTING)) {
      out.flush();
    }
    file.lines.clear();
    file.partial = "";
    file.recorded = false; // by what the checkpoint tells, its copy may be known instead
  }

  private void excuse(Made file, Set<Integer> delivered) {
    for (int line : file.lines) {
      if (!delivered.contains(line)) {
        excused.add(line);
      }
    }
  }

  /** What was rotated beside a target before the agent looked there was not written for it. */
  private void excuseForeign(Made rotated, Set<Integer> delivered) {
    if (linked && !rotated.seen && !listed.contains(name)) {
      excuse(rotated, delivered);
    }
  }

  private boolean isUnread(Made file, Set<Integer> delivered) {
    return file.lines.stream().anyMatch(l -> !delivered.contains(l) && !excused.contains(l));
  }

  private boolean isJudged(String file) {
    return !linked || isOf(judged, file);
  }

  private static boolean isOf(String target, String file) {
    return !target.isEmpty() && file.startsWith(target);
  }

  private Made present() {
    return names.computeIfAbsent(name, absent -> new Made());
  }

  private Path path(String file) {
    return (isAway ? away : home).resolve(file);
  }

  private String nextLine(Made file) {
    if (file.partial.isEmpty()) {
      String line = newLine();
      texts.add(line);
      file.lines.add(texts.size() - 1);
      return line;
    }
    String rest = texts.get(file.partialLine).substring(file.partial.length());
    file.partial = "";
    file.lines.add(file.partialLine);
    excused.remove(file.partialLine);
    return rest;
  }

  /** Lines of one process differ in their stamp only, and mostly have one length. */
  private String newLine() {
    String tail = random.nextInt(10) == 0 ? " exe=\"" + "x".repeat(random.nextInt(900)) + "\"" : "";
    return "type=SECCOMP msg=audit(1795342823.836:%08d): auid=0 pid=77 comm=\"kc\" code=0x50000%s"
        .formatted(texts.size(), tail);
  }

  private static void write(Path path, String text) throws IOException {
    Files.write(
        path,
        text.getBytes(StandardCharsets.ISO_8859_1),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
