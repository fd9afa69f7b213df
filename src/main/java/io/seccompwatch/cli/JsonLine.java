package io.seccompwatch.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the log line within a JSON object that some collector made of it. Known are
 *
 * <ul>
 *   <li>entries of systemd's journal ({@code journalctl -o json}, fluent-bit, vector), see {@link
 *       JournalEntry};
 *   <li>laurel's records: {@code {"ID":"1796068866.882:2295","SECCOMP":{"auid":0,…}}};
 *   <li>go-audit's: {@code {"sequence":2295,"timestamp":"…","messages":[{"type":1326,"data":…}]}};
 *   <li>any object with the line in a field such as {@code log} (Docker, fluent-bit), {@code
 *       message} (rsyslog, Filebeat) or {@code textPayload} (Google Cloud), also one object deeper.
 * </ul>
 *
 * <p>An object of the agent's own schema, which a collector may have put into its own, is handed
 * back as its JSON text. Bounded by the length of the line. Thread-safe.
 */
final class JsonLine {

  private static final int MAX_DEPTH = 8;
  private static final int MAX_FIELDS = 1_024;

  /** Names of the field that holds the line, the more telling ones first. */
  private static final List<String> MESSAGE_FIELDS =
      List.of("log", "message", "MESSAGE", "msg", "line", "textPayload", "_raw", "raw", "content");

  /** Names of the field that holds the program's name. */
  private static final List<String> PROGRAM_FIELDS =
      List.of(
          "SYSLOG_IDENTIFIER",
          "program",
          "programname",
          "syslogtag",
          "ident",
          "appname",
          "app-name",
          "tag",
          "fac");

  private static final List<String> HOST_FIELDS = List.of("host", "hostname", "_HOSTNAME");
  private static final List<String> TIME_FIELDS = List.of("time", "@timestamp", "timestamp");

  /** Programs whose lines may be records; of {@code fac} in dmesg's JSON, the facility. */
  private static final Set<String> TRUSTED =
      Set.of("kernel", "kern", "audit", "auditd", "audispd", "audisp-syslog");

  /** A record's fields in the kernel's order, as laurel names them. */
  private static final List<String> BODY =
      List.of(
          "auid", "uid", "gid", "ses", "subj", "pid", "comm", "exe", "sig", "arch", "syscall",
          "compat", "ip", "code");

  private static final Set<String> STRINGS = Set.of("comm", "exe");
  private static final Set<String> OPTIONAL = Set.of("subj", "exe", "arch");

  private final JsonFactory json = new JsonFactory();

  /**
   * Returns the line within a JSON object.
   *
   * @param text the object, with one character for each byte
   * @return null when the text is no JSON object, or one without a line
   */
  @Nullable WrappedText unwrap(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    Map<String, Object> object;
    try (JsonParser parser = json.createParser(bytes)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      object = new Reader(parser, bytes).object(0);
    } catch (IOException e) {
      return null;
    }
    return object == null ? null : find(object, 0);
  }

  private @Nullable WrappedText find(Map<String, Object> object, int depth) {
    if (object.get(Reader.OWN) instanceof String own) {
      return new WrappedText(own, true, false);
    }
    WrappedText found = journal(object);
    if (found == null) {
      found = laurel(object);
    }
    if (found == null) {
      found = goAudit(object);
    }
    if (found == null) {
      found = message(object);
    }
    if (found != null || depth >= 3) {
      return found;
    }
    for (Object value : object.values()) {
      if (value instanceof Map<?, ?> inner) {
        WrappedText deeper = find(fields(inner), depth + 1);
        if (deeper != null) {
          return deeper;
        }
      }
    }
    return null;
  }

  /** Some collectors strip the underscores of the journal's own fields. */
  private static @Nullable WrappedText journal(Map<String, Object> object) {
    boolean stripped = !object.containsKey(JournalEntry.TRANSPORT);
    if (stripped && !(object.containsKey("TRANSPORT") && object.containsKey("MESSAGE"))) {
      return null;
    }
    JournalEntry entry = new JournalEntry();
    object.forEach(
        (name, value) -> {
          String text = value instanceof List<?> bytes ? text(bytes) : value.toString();
          entry.put(name, text);
          if (stripped) {
            entry.put("_" + name, text);
            entry.put("__" + name, text);
          }
        });
    if (object.get("message") instanceof String text) { // vector renames it
      entry.put(JournalEntry.MESSAGE, text);
    }
    if (object.get("host") instanceof String host) {
      entry.put("_HOSTNAME", host);
    }
    return entry.toLine();
  }

  /** The journal gives a text that is no UTF-8 as an array of its bytes. */
  private static String text(List<?> bytes) {
    StringBuilder text = new StringBuilder();
    for (Object item : bytes) {
      if (!(item instanceof String number) || !number.matches("\\d{1,3}")) {
        return "";
      }
      text.append((char) (Integer.parseInt(number) & 0xff));
    }
    return text.toString();
  }

  private static @Nullable WrappedText laurel(Map<String, Object> object) {
    if (!(object.get("ID") instanceof String id)
        || !(object.get("SECCOMP") instanceof Map<?, ?> seccomp)) {
      return null;
    }
    StringBuilder line = new StringBuilder();
    if (object.get("NODE") instanceof String node && node.matches("[!-~]{1,255}")) {
      line.append("node=").append(node).append(' ');
    }
    line.append("type=SECCOMP msg=audit(").append(id).append("):");
    for (String name : BODY) {
      Object value = seccomp.get(name);
      if (value == null && OPTIONAL.contains(name)) {
        continue;
      }
      String text = String.valueOf(value);
      boolean hex = text.startsWith("0x") && name.equals("arch");
      line.append(' ').append(name).append('=');
      line.append(STRINGS.contains(name) ? encoded(text) : hex ? text.substring(2) : text);
    }
    return new WrappedText(line.toString(), true, false);
  }

  /** A string as the kernel writes it: in quotes, or in hex where that could not be read back. */
  private static String encoded(String text) {
    boolean plain = text.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '"');
    if (plain) {
      return '"' + text + '"';
    }
    StringBuilder hex = new StringBuilder();
    text.chars().forEach(c -> hex.append("%02X".formatted(c)));
    return hex.toString();
  }

  private static @Nullable WrappedText goAudit(Map<String, Object> object) {
    if (!(object.get("messages") instanceof List<?> messages)
        || !(object.get("timestamp") instanceof String timestamp)
        || !(object.get("sequence") instanceof String sequence)) {
      return null;
    }
    for (Object item : messages) {
      if (item instanceof Map<?, ?> message
          && "1326".equals(message.get("type"))
          && message.get("data") instanceof String data) {
        String stamp = "audit(" + timestamp + ":" + sequence + "): ";
        return new WrappedText("type=SECCOMP msg=" + stamp + data.strip(), true, false);
      }
    }
    return null;
  }

  private static @Nullable WrappedText message(Map<String, Object> object) {
    String message = first(object, MESSAGE_FIELDS);
    if (message == null) {
      return null;
    }
    String line = message.strip().replace('\n', ' ');
    String program = first(object, PROGRAM_FIELDS);
    boolean foreign = program != null && !TRUSTED.contains(program.replaceAll("[\\[:].*", ""));
    boolean auditds = line.startsWith("type=") || line.startsWith("node=") || line.startsWith("{");
    boolean trusted = auditds || !foreign;
    if (line.startsWith("SECCOMP ")) {
      Instant time = LineTimes.iso(first(object, TIME_FIELDS));
      return WrappedText.syslog(time, first(object, HOST_FIELDS), "audit[0]", line, trusted);
    }
    return new WrappedText(line, trusted, false);
  }

  private static @Nullable String first(Map<String, Object> object, List<String> names) {
    for (String name : names) {
      if (object.get(name) instanceof String text) {
        return text;
      }
    }
    return null;
  }

  private static Map<String, Object> fields(Map<?, ?> object) {
    Map<String, Object> fields = new HashMap<>();
    object.forEach((name, value) -> fields.put(name.toString(), value));
    return fields;
  }

  /** Reads the object into maps, lists and texts; numbers are texts, too. */
  private static final class Reader {

    /** Where the object's own JSON text is put when it is of the agent's schema; no name. */
    static final String OWN = "\0own";

    private final JsonParser parser;
    private final byte[] bytes;
    private int fields;

    Reader(JsonParser parser, byte[] bytes) {
      this.parser = parser;
      this.bytes = bytes;
    }

    /** The object whose start was just read; null when it is deeper or larger than any log's. */
    @Nullable Map<String, Object> object(int depth) throws IOException {
      if (depth > MAX_DEPTH) {
        return null;
      }
      int start = (int) parser.currentTokenLocation().getByteOffset();
      Map<String, Object> object = new HashMap<>();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        Object value = value(depth);
        if (++fields > MAX_FIELDS) {
          return null;
        }
        if (value != null) {
          object.putIfAbsent(name, value);
        }
      }
      if (ViolationJson.SCHEMA.equals(object.get("schema"))) {
        int end = (int) parser.currentTokenLocation().getByteOffset() + 1;
        object.put(OWN, new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
      }
      return object;
    }

    private @Nullable Object value(int depth) throws IOException {
      return switch (parser.currentToken()) {
        case START_OBJECT -> object(depth + 1);
        case START_ARRAY -> array(depth + 1);
        case VALUE_STRING -> {
          byte[] text = parser.getText().getBytes(StandardCharsets.UTF_8);
          yield new String(text, StandardCharsets.ISO_8859_1);
        }
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getText();
        case null, default -> null;
      };
    }

    private @Nullable Object array(int depth) throws IOException {
      if (depth > MAX_DEPTH) {
        return null;
      }
      List<Object> items = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        Object item = value(depth);
        if (item != null) {
          items.add(item);
        }
      }
      return items;
    }
  }
}
