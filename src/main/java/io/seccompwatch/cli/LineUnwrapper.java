package io.seccompwatch.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.seccompwatch.record.Line;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.ViolationJson;
import io.seccompwatch.violation.ViolationReader;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Peels off a kept line what tools put around it (grep's file name, a container runtime's or a
 * collector's wrapper, dmesg's and journalctl's own forms), until the strict parser knows what is
 * left. Only for lines whose origin the user vouches for: the agent itself never unwraps.
 *
 * <p>Every wrapper is anchored at the line's beginning and known by its form. A record in the midst
 * of a line is never taken, since any program can quote one. Bounded: at most {@link #MAX_LEVELS}
 * wrappers of a line. Not thread-safe.
 */
final class LineUnwrapper {

  /** What stands within a line. */
  sealed interface Content {

    /**
     * Something that the strict parser knows.
     *
     * @param text the line that was parsed, one character for each byte
     * @param timeless whether the stamp at the text's beginning stands for no time
     */
    record Parsed(Line line, String text, boolean timeless) implements Content {}

    /** A line that the agent wrote. */
    record Own(ViolationReader.Entry entry) implements Content {}

    /** A sum of violations that the agent left out of its lines. */
    record Summed(Suppressed sum) implements Content {}

    /** A line of the agent's schema that is damaged. */
    record OwnDamaged() implements Content {}

    /**
     * Nothing that is known.
     *
     * @param text the line without the wrappers that are known
     */
    record Unknown(String text) implements Content {}
  }

  /** One way of wrapping a line. */
  private record Wrapper(Pattern pattern, BiFunction<Matcher, String, @Nullable WrappedText> rest) {

    Wrapper(String pattern, BiFunction<Matcher, String, @Nullable WrappedText> rest) {
      this(Pattern.compile(pattern), rest);
    }

    /** A wrapper of which nothing is of use. */
    Wrapper(String pattern) {
      this(pattern, (match, rest) -> new WrappedText(rest, true, false));
    }
  }

  private static final int MAX_LEVELS = 8;
  private static final String OWN_START = "{\"schema\":\"" + ViolationJson.SCHEMA;
  private static final String SUM_START = "{\"schema\":\"" + Suppressed.SCHEMA;
  private static final String OWN_SCHEMA = '"' + ViolationJson.SCHEMA + '"';
  private static final String SUM_SCHEMA = '"' + Suppressed.SCHEMA + '"';

  /** RFC 3339, and the ways in which dmesg, Docker and journalctl write it. */
  private static final String ISO =
      "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:"
          + " ?(?:Z|[+-]\\d\\d:?\\d\\d))?";

  /** RFC 3164; the month is of any language. */
  private static final String TRADITIONAL =
      "[^\\s\\d:\\[<{]{1,20} {1,2}\\d{1,2}\\.? {1,2}\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?";

  private static final String STAMP = "(?:" + ISO + "|" + TRADITIONAL + ")";
  private static final String AUDITD =
      "(?=(?:node=[!-~]{1,255} )?type=(?:SECCOMP|UNKNOWN\\[1326\\]|ANOM_ABEND) msg=audit\\()";
  private static final String OWN =
      "(?=\\{\"schema\":\"(?:" + ViolationJson.SCHEMA + "|" + Suppressed.SCHEMA + ")\")";
  private static final String KERNEL =
      "(?=(?:audit: )?type=(?:1326|1701) audit\\(|\\[ *\\d+\\.\\d{6}\\])";

  /** A host's name or address. One without a digit, a dash or a point could be any word. */
  private static final String HOST = "(?=[\\w:.-]*[\\d.-])[A-Za-z0-9][\\w:.-]{0,252}";

  private static final String POD = "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?";
  private static final String FACILITY =
      "(kern|user|mail|daemon|auth|authpriv|syslog|lpr|news|uucp|cron|ftp|local[0-7]|res[0-9]{1,2})";
  private static final String LEVEL =
      "(?:emerg|alert|crit|err|error|warn|warning|notice|info|debug)";

  /** May stand around or within any of the others. */
  private static final List<Wrapper> PACKAGING =
      List.of(
          new Wrapper("\u00ef\u00bb\u00bf"), // a byte order mark in UTF-8
          new Wrapper("\u001e"), // RFC 7464, journalctl -o json-seq
          new Wrapper("[ \\t]{1,1024}+(?=.)"),
          new Wrapper("[-*+] {1,8}(?=\\S)"), // Markdown and YAML lists
          new Wrapper("([\"'`])(?=[^,:])", LineUnwrapper::unquoted),
          new Wrapper("data: (?=\\{)")); // journalctl -o json-sse

  /** grep -n, grep -H, grep -Hn; has the least form of all, and so comes last. */
  private static final List<Wrapper> GREP =
      List.of(
          new Wrapper(
              "(?!" + ISO + ")(?:/[^:]{1,1024}|[^\\s:\\[\"{]{1,1024}):(?:\\d{1,10}:)?(?=\\S)"));

  /** May stand around another; the first that fits is peeled. */
  private static final List<Wrapper> WRAPPERS =
      List.of(
          // The kubelet's CRI log format
          new Wrapper(ISO + " (?:stdout|stderr) [FP] "),
          // kubectl logs --prefix, kubetail
          new Wrapper("\\[" + POD + "(?:[/ ]" + POD + "){1,2}\\] "),
          // kail
          new Wrapper(POD + "/" + POD + "\\[" + POD + "\\]: "),
          // docker compose logs
          new Wrapper("[\\w.-]{1,255} {1,64}\\| "),
          // talosctl dmesg
          new Wrapper(
              "(?:(" + HOST + "): )?" + FACILITY + ": {1,8}" + LEVEL + ": \\[" + ISO + "\\]: ",
              (match, rest) ->
                  WrappedText.syslog(
                      null, match.group(1), "kernel", rest, match.group(2).equals("kern"))),
          // dmesg -x
          new Wrapper(
              FACILITY + " {0,8}: ?" + LEVEL + " {0,8}: ",
              (match, rest) -> new WrappedText(rest, match.group(1).equals("kern"), false)),
          // dmesg -d, -e, -H, --time-format delta; journalctl -o short-monotonic and short-delta
          new Wrapper(
              "\\[(?=[^\\]]{0,80}\\d)(?: {0,4}\\+\\d+\\.\\d+| *<? *\\d+\\.\\d+ ?>?"
                  + "(?: +(?:< *\\d+\\.\\d+ ?>)?)?|[^\\s\\d\\]]{1,20} ?\\d{1,2} \\d\\d:\\d\\d"
                  + "|[^\\]<]{10,60}\\d{4} < *\\d+\\.\\d+ ?>)\\] ",
              LineUnwrapper::afterBracket),
          // journalctl -o short-unix
          new Wrapper(
              "(\\d{1,11})\\.(\\d{6}) (?=[!-~]{1,255} \\S)",
              (match, rest) -> stamped(LineTimes.epoch(match.group(1), match.group(2)), rest)),
          // journald's form without time and host, and journalctl -t audit -o cat
          new Wrapper(
              "(?=audit\\[\\d+\\]: )",
              (match, rest) -> new WrappedText(WrappedText.NO_TIME + rest, true, true)),
          new Wrapper(
              "(?=SECCOMP auid=)",
              (match, rest) -> WrappedText.syslog(null, null, "audit[0]", rest, true)),
          // auditd's log read by rsyslog (imfile) or sent by another program, under any tag
          new Wrapper(
              "((?:<\\d{1,3}>)?" + STAMP + " [!-~]{1,255}) [^\\s\\[\\]:]{1,64}:? {1,8}" + AUDITD,
              (match, rest) -> new WrappedText(match.group(1) + " audispd: " + rest, true, false)),
          new Wrapper(
              "(<\\d{1,3}>1 " + ISO + " [!-~]{1,255}) [!-~]{1,64} - [!-~]{1,32} - {1,8}" + AUDITD,
              (match, rest) ->
                  new WrappedText(match.group(1) + " audispd - - - " + rest, true, false)),
          // The agent's own lines in syslog or the journal
          new Wrapper(
              "(?:<\\d{1,3}>)?"
                  + STAMP
                  + " [!-~]{1,255} "
                  + "(?:[^\\s\\[\\]:]{1,64}|seccomp-watch[\\w-]{0,48}\\[\\d{1,10}\\]): {1,8}"
                  + OWN),
          // An address or the facility beside the host's name (rsyslog templates, BusyBox)
          new Wrapper(
              "("
                  + STAMP
                  + " )(?:[\\da-f.:]{3,39} )?([!-9;-~]{1,255} )(?:"
                  + FACILITY
                  + "\\."
                  + LEVEL
                  + " )?kernel:? {1,8}"
                  + KERNEL,
              (match, rest) ->
                  new WrappedText(
                      match.group(1) + match.group(2) + "kernel: " + rest,
                      match.group(3) == null || match.group(3).equals("kern"),
                      false)),
          // dmesg --time-format iso, kubectl logs --timestamps
          new Wrapper(
              ISO + "[ \\t](?=(?:audit: |type=|node=|kernel: |SECCOMP auid=|\\{|\\[ *\\d+\\.))"),
          // fluentd's out_file: time, tag and record
          new Wrapper(ISO + "[ \\t][!-~]{1,256}[ \\t](?=\\{)"));

  /** Only at the line's beginning, for they have the least form of their own. */
  private static final List<Wrapper> NAMES =
      List.of(
          // oc adm node-logs; pdsh, ansible and the like with a colon
          new Wrapper(
              "([A-Za-z0-9][\\w:.-]{0,252})(?:: {1,4}| )" + AUDITD,
              (match, rest) -> {
                String name = match.group(1).replaceFirst(":$", "");
                boolean host = name.matches(HOST) && !rest.startsWith("node=");
                return new WrappedText((host ? "node=" + name + " " : "") + rest, true, false);
              }),
          new Wrapper(
              "(" + HOST + "): {1,4}" + KERNEL,
              (match, rest) -> WrappedText.syslog(null, match.group(1), "kernel", rest, true)),
          new Wrapper(HOST + ":? {1,4}(?=" + STAMP + " )"),
          new Wrapper(HOST + ":? {1,4}" + OWN),
          // stern
          new Wrapper(
              "(?=" + HOST + ")" + POD + "(?: " + POD + "){1,2} (?:" + OWN + "|" + AUDITD + ")"));

  private static final Pattern COLOURS =
      Pattern.compile("\u001b\\[[0-9;:]{0,32}[A-Za-z]|\u001b\\(B|\u000f");
  private static final Pattern SHORT_FULL =
      Pattern.compile(
          "[^\\s\\d\\[]{1,20} (\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?)"
              + " ([A-Za-z+-][\\w+:-]{0,15}) (?=\\S)");

  /** A message of the kernel's audit, which journalctl -o with-unit puts under a unit's name. */
  private static final Pattern OF_UNIT =
      Pattern.compile(
          "([!-~]{1,255}) [!-~]{1,255}\\.(?:slice|service|scope)\\[(\\d+)\\]: (?=SECCOMP )");

  private final LineParser parser;
  private final ZoneId zone;
  private final JsonLine json = new JsonLine();
  private @Nullable ViolationReader own;

  /**
   * An unwrapper of any line.
   *
   * @param parser reads what is left of a line
   * @param zone the one in which times are that name it by a local abbreviation
   */
  LineUnwrapper(LineParser parser, ZoneId zone) {
    this.parser = parser;
    this.zone = zone;
  }

  /** Returns what a line holds. */
  Content unwrap(byte[] buffer, int from, int to) {
    return unwrap(new WrappedText(new String(buffer, from, to - from, ISO_8859_1), true, false));
  }

  /** Returns what a line holds that was itself within something. */
  Content unwrap(WrappedText wrapped) {
    WrappedText here = wrapped;
    boolean named = false;
    boolean trusted = wrapped.trusted();
    for (int level = 0; level <= MAX_LEVELS; level++) {
      String text = plain(here.text());
      Content known = known(text, trusted, here.timeless());
      if (known != null || level == MAX_LEVELS) {
        return known == null ? new Content.Unknown(text) : known;
      }
      WrappedText inner = text.startsWith("{") ? json.unwrap(text) : peel(PACKAGING, text);
      if (inner == null) {
        inner = peel(WRAPPERS, text);
        inner = inner == null ? shortFull(text) : inner;
        inner = inner == null && !named ? peel(NAMES, text) : inner;
        named |= inner != null;
      }
      inner = inner == null ? peel(GREP, text) : inner;
      if (inner == null) {
        return new Content.Unknown(text);
      }
      here = inner;
      trusted &= inner.trusted();
    }
    return new Content.Unknown(here.text());
  }

  private @Nullable Content known(String text, boolean trusted, boolean timeless) {
    if (text.startsWith("{")) {
      return text.contains(OWN_SCHEMA) || text.contains(SUM_SCHEMA) ? own(text, trusted) : null;
    }
    byte[] bytes = text.getBytes(ISO_8859_1);
    Line line = parser.parse(bytes, 0, bytes.length);
    if (line instanceof Line.Other) {
      return null;
    }
    if (!trusted) {
      line =
          line instanceof Line.Recognised recognised
              ? new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, recognised.form())
              : line instanceof Line.Loss ? Line.OTHER : line;
    }
    return new Content.Parsed(line, text, timeless);
  }

  /** Returns the content of a line of the agent's schema; null when it is a foreign one. */
  private @Nullable Content own(String text, boolean trusted) {
    if (own == null) {
      own = new ViolationReader();
    }
    byte[] bytes = text.getBytes(ISO_8859_1);
    try {
      ViolationReader.Entry entry = trusted ? own.readEntry(bytes, 0, bytes.length) : null;
      if (entry != null) {
        return new Content.Own(entry);
      }
      Suppressed sum = trusted ? own.readSuppressed(bytes, 0, bytes.length) : null;
      return sum == null ? null : new Content.Summed(sum);
    } catch (IOException e) {
      return text.startsWith(OWN_START) || text.startsWith(SUM_START)
          ? new Content.OwnDamaged()
          : null;
    }
  }

  private static @Nullable WrappedText peel(List<Wrapper> wrappers, String text) {
    for (Wrapper wrapper : wrappers) {
      Matcher match = wrapper.pattern().matcher(text);
      if (match.lookingAt()) {
        WrappedText inner = wrapper.rest().apply(match, text.substring(match.end()));
        if (inner != null) {
          return inner;
        }
      }
    }
    return null;
  }

  private @Nullable WrappedText shortFull(String text) {
    Matcher match = SHORT_FULL.matcher(text);
    if (!match.lookingAt()) {
      return null;
    }
    Instant time = LineTimes.dated(match.group(1), match.group(2), match.group(3), zone);
    String rest = text.substring(match.end());
    Matcher unit = OF_UNIT.matcher(rest);
    if (unit.lookingAt()) {
      rest = unit.group(1) + " audit[" + unit.group(2) + "]: " + rest.substring(unit.end());
    }
    return stamped(time, rest);
  }

  private static WrappedText stamped(@Nullable Instant time, String rest) {
    String stamp = time == null ? WrappedText.NO_TIME : WrappedText.stamp(time);
    return new WrappedText(stamp + rest, true, time == null);
  }

  /** The kernel's own text, or journalctl's host and tag. */
  private static WrappedText afterBracket(Matcher match, String rest) {
    boolean kernels = rest.startsWith("audit: ") || rest.startsWith("type=");
    return kernels ? new WrappedText(rest, true, false) : stamped(null, rest);
  }

  /** The text between quotes; null when it does not end where the line does. */
  private static @Nullable WrappedText unquoted(Matcher match, String rest) {
    char quote = match.group(1).charAt(0);
    int end = rest.length() - (rest.endsWith(",") ? 2 : 1);
    if (end <= 0 || rest.charAt(end) != quote) {
      return null;
    }
    String inner = rest.substring(0, end);
    String text =
        switch (quote) {
          case '"' -> inner.replace("\\\"", "\"").replace("\\\\", "\\");
          case '\'' -> inner.replace("''", "'");
          default -> inner;
        };
    return new WrappedText(text, true, false);
  }

  private static String plain(String text) {
    return text.indexOf('\u001b') < 0 && text.indexOf('\u000f') < 0
        ? text
        : COLOURS.matcher(text).replaceAll("");
  }
}
