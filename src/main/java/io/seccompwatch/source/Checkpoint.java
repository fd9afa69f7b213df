package io.seccompwatch.source;

import io.seccompwatch.source.FileAccess.FileIdentity;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * How far a source had been read: every file that matters for going on without loss or repetition.
 *
 * @param base the followed path with its symbolic links resolved
 * @param runs what had been read of the file and of its rotated siblings
 */
public record Checkpoint(Path base, List<Run> runs) {

  /** Keeps its own copy of the runs. */
  public Checkpoint {
    runs = List.copyOf(runs);
  }

  /**
   * One run of bytes, whatever file holds it by now.
   *
   * @param identity the file that held it; null when it was being looked for
   * @param open whether it may have grown afterwards; a run that was closed was read to its end
   * @param offset how many bytes the sink has dealt with; the end of a line
   * @param position how many bytes had been read, a partial last line included
   * @param headFrom where the head begins
   * @param head the first bytes, in hex
   * @param marker the bytes before the position, in hex
   */
  public record Run(
      @Nullable FileIdentity identity,
      boolean open,
      long offset,
      long position,
      long headFrom,
      String head,
      String marker) {}

  /**
   * The text of a checkpoint file, version 1: a line with the version, a line with the path, a line
   * of {@code key=value} words per run, and a last line with the CRC-32 of all before it. The path
   * is in hex because it may hold any byte.
   */
  static final class CheckpointFormat {

    private static final String VERSION = "seccomp-watch-checkpoint 1";
    private static final String NAME = "seccomp-watch-checkpoint ";
    private static final String BASE = "base ";
    private static final String RUN = "run ";
    private static final String CRC = "crc ";
    private static final int MAX_RUNS = 256;

    private CheckpointFormat() {}

    /** Why a text is no checkpoint that this version can use. */
    static final class Unusable extends Exception {
      @Serial private static final long serialVersionUID = 1L;

      Unusable(String message) {
        super(message);
      }
    }

    static String format(Checkpoint checkpoint) {
      StringBuilder text = new StringBuilder(1024);
      text.append(VERSION).append('\n');
      byte[] base = checkpoint.base().toString().getBytes(StandardCharsets.UTF_8);
      text.append(BASE).append(HexFormat.of().formatHex(base)).append('\n');
      for (Checkpoint.Run run : checkpoint.runs()) {
        FileIdentity identity = run.identity();
        text.append(RUN);
        if (identity != null) {
          text.append("key=").append(identity.key());
          Instant birth = identity.birth();
          if (birth != null) {
            text.append(" birth=").append(birth);
          }
          text.append(' ');
        }
        text.append("open=").append(run.open());
        text.append(" offset=").append(run.offset());
        text.append(" position=").append(run.position());
        text.append(" headFrom=").append(run.headFrom());
        text.append(" head=").append(run.head());
        text.append(" marker=").append(run.marker()).append('\n');
      }
      return text + CRC + crc(text.toString()) + "\n";
    }

    static Checkpoint parse(String text) throws Unusable {
      if (text.isEmpty()) {
        throw new Unusable("empty");
      }
      if (!text.startsWith(NAME)) {
        throw new Unusable("not a checkpoint");
      }
      if (!text.startsWith(VERSION + "\n")) {
        throw new Unusable("a version that this agent does not know");
      }
      int end = text.lastIndexOf(CRC);
      if (end < 0 || !text.substring(end).equals(CRC + crc(text.substring(0, end)) + "\n")) {
        throw new Unusable("damaged");
      }
      try {
        return body(text.substring(VERSION.length() + 1, end).lines().toList());
      } catch (IllegalArgumentException | DateTimeException e) {
        throw new Unusable("damaged: " + e.getMessage());
      }
    }

    private static Checkpoint body(List<String> lines) throws Unusable {
      if (lines.isEmpty() || !lines.getFirst().startsWith(BASE) || lines.size() > MAX_RUNS) {
        throw new Unusable("damaged: no path, or too many runs");
      }
      List<Checkpoint.Run> runs = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        if (line.startsWith(RUN)) {
          runs.add(run(line.substring(RUN.length())));
        }
      }
      byte[] base = HexFormat.of().parseHex(lines.getFirst().substring(BASE.length()));
      try {
        return new Checkpoint(Path.of(new String(base, StandardCharsets.UTF_8)), runs);
      } catch (InvalidPathException e) {
        throw new Unusable("damaged: " + e.getMessage());
      }
    }

    private static Checkpoint.Run run(String line) throws Unusable {
      Map<String, String> words = new HashMap<>();
      for (String word : line.split(" ", -1)) {
        int equals = word.indexOf('=');
        // The key holds '=' itself: only the first one separates.
        if (equals > 0) {
          words.put(word.substring(0, equals), word.substring(equals + 1));
        }
      }
      String head = word(words, "head");
      String marker = word(words, "marker");
      Checkpoint.Run run =
          new Checkpoint.Run(
              identity(words.get("key"), words.get("birth")),
              Boolean.parseBoolean(word(words, "open")),
              Long.parseLong(word(words, "offset")),
              Long.parseLong(word(words, "position")),
              Long.parseLong(word(words, "headFrom")),
              head,
              marker);
      int headBytes = HexFormat.of().parseHex(head).length;
      int markerBytes = HexFormat.of().parseHex(marker).length;
      boolean possible =
          run.offset() >= 0
              && run.offset() <= run.position()
              && run.headFrom() >= 0
              && headBytes <= Generation.HEAD_BYTES
              && markerBytes <= Math.min(Generation.MARKER_BYTES, run.position());
      if (!possible) {
        throw new Unusable("damaged: impossible offsets");
      }
      return run;
    }

    private static @Nullable FileIdentity identity(@Nullable String key, @Nullable String birth) {
      return key == null
          ? null
          : new FileIdentity(key, birth == null ? null : Instant.parse(birth));
    }

    private static String word(Map<String, String> words, String name) throws Unusable {
      String value = words.get(name);
      if (value == null) {
        throw new Unusable("damaged: no " + name);
      }
      return value;
    }

    private static String crc(String text) {
      CRC32 crc = new CRC32();
      crc.update(text.getBytes(StandardCharsets.ISO_8859_1));
      return HexFormat.of().toHexDigits((int) crc.getValue());
    }
  }
}
