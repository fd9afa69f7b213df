package io.seccompwatch.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.seccompwatch.profile.Profile.Condition;
import io.seccompwatch.profile.Profile.Rule;
import io.seccompwatch.record.SeccompAction;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a seccomp profile as runtimes do, with Go's {@code encoding/json}: names of fields in any
 * case, the last of several that are the same holds, null is as if it were not there, and what the
 * specification does not know is passed over. What it knows and is of the wrong type, or is more
 * than any profile has, is refused. For one thread.
 *
 * <p>A name that no ABI has stays in its rule although runtimes pass over it: libseccomp knows
 * calls that no table of the kernel has ({@code send} of i386, part of {@code socketcall}), and a
 * rule too many makes nothing look visible that is not.
 */
public final class ProfileReader {

  /** Forms of a profile, which differ in the fields that count. */
  public enum Form {
    /** {@code linux.seccomp} of an OCI configuration: a rule has {@code names} alone. */
    OCI,
    /** Files of Docker, Podman and CRI-O: {@code name} of a rule counts beside {@code names}. */
    DOCKER
  }

  /** Bytes of a profile; the runtimes' own have some 15 KiB. */
  public static final int MAX_BYTES = 1 << 20;

  private static final int MAX_RULES = 4_096;

  /** Names of all rules; there are some 500 calls, and a profile may name one in several rules. */
  private static final int MAX_NAMES = 16_384;

  /** MAX_ERRNO of libseccomp ({@code src/system.h}); its check is {@code < MAX_ERRNO}. */
  private static final int MAX_ERRNO = 4_095;

  private static final int MAX_CONDITIONS = 64;
  private static final int MAX_WORDS = 64;
  private static final int MAX_WORD = 128;

  private final JsonText json;
  private final Form form;
  private final List<Rule> rules = new ArrayList<>();
  private final List<String> flags = new ArrayList<>();
  private final List<String> architectures = new ArrayList<>();
  private final List<String> ofMap = new ArrayList<>();
  private int names;
  private boolean nameless;
  private @Nullable SeccompAction defaultAction;
  private @Nullable Integer defaultErrno;

  /**
   * A reader of profiles at the places where the JSON is.
   *
   * @param form which fields count
   */
  ProfileReader(JsonText json, Form form) {
    this.json = json;
    this.form = form;
  }

  /**
   * Reads a profile's file.
   *
   * @param in the JSON, of {@link #MAX_BYTES} at most; the caller closes it
   * @param form which fields count for the runtime that reads it
   * @throws ProfileException when it is none
   * @throws IOException when it cannot be read
   */
  public static Profile read(InputStream in, Form form) throws IOException, ProfileException {
    try (JsonText json = new JsonText(in, MAX_BYTES)) {
      ProfileReader reader = new ProfileReader(json, form);
      reader.read();
      return reader.profile();
    } catch (JsonProcessingException e) {
      throw new ProfileException(e.getOriginalMessage());
    }
  }

  /** Reads the profile here to its end; a second one changes what it says of the first. */
  void read() throws IOException, ProfileException {
    json.members(
        "the profile",
        field -> {
          switch (field) {
            case "defaultaction" -> defaultAction = json.isNull() ? defaultAction : action();
            case "defaulterrnoret" -> defaultErrno = errno();
            case "flags" -> {
              flags.clear();
              json.items("flags", () -> add(flags, word("a flag")));
            }
            case "architectures" -> {
              architectures.clear();
              json.items("architectures", () -> add(architectures, word("an architecture")));
            }
            case "archmap" -> {
              ofMap.clear();
              json.items("archMap", this::archMap);
            }
            case "syscalls" -> {
              rules.clear();
              names = 0;
              json.items("syscalls", this::rule);
            }
            default -> json.skip();
          }
        });
  }

  /** What was read; null when that is nothing, with which runtimes load no filter. */
  @Nullable Profile profileOrNone() throws ProfileException {
    return defaultAction == null && rules.isEmpty() && !nameless ? null : profile();
  }

  private Profile profile() throws ProfileException {
    SeccompAction action = defaultAction;
    if (action == null) {
      throw new ProfileException("there is no defaultAction");
    }
    List<String> abis = new ArrayList<>(architectures);
    abis.addAll(ofMap);
    return new Profile(action, errno(action, defaultErrno), flags, abis, rules);
  }

  /** Docker's and Podman's way of naming ABIs, one with those that it brings along. */
  private void archMap() throws IOException, ProfileException {
    json.members(
        "an item of archMap",
        field -> {
          switch (field) {
            case "architecture" -> add(ofMap, word("an architecture"));
            case "subarchitectures" ->
                json.items("subArchitectures", () -> add(ofMap, word("an architecture")));
            default -> json.skip();
          }
        });
  }

  private void rule() throws IOException, ProfileException {
    List<String> calls = new ArrayList<>();
    List<String> old = new ArrayList<>();
    List<Condition> conditions = new ArrayList<>();
    @Nullable SeccompAction[] action = new @Nullable SeccompAction[1];
    @Nullable Integer[] errno = new @Nullable Integer[1];
    json.members(
        "an item of syscalls",
        field -> {
          switch (field) {
            case "name" -> {
              old.clear();
              name(old);
            }
            case "names" -> {
              calls.clear();
              json.items("names", () -> name(calls));
            }
            case "action" -> action[0] = json.isNull() ? action[0] : action();
            case "errnoret" -> errno[0] = errno();
            case "args" -> {
              conditions.clear();
              json.items("args", () -> conditions.add(condition(conditions.size())));
            }
            default -> json.skip();
          }
        });
    SeccompAction done = action[0];
    if (done == null) {
      throw new ProfileException("a rule has no action");
    }
    if (rules.size() >= MAX_RULES) {
      throw new ProfileException("more than " + MAX_RULES + " rules");
    }
    if (form == Form.DOCKER) {
      calls.addAll(old);
    }
    if (!calls.isEmpty()) { // else it matches nothing
      rules.add(new Rule(calls, done, errno(done, errno[0]), conditions));
    }
    nameless |= calls.isEmpty();
  }

  private void name(List<String> calls) throws IOException, ProfileException {
    String name = json.textOrNothing("a syscall's name");
    if (name != null && isWord(name)) { // else it is no call's
      calls.add(name);
    }
    if (++names > MAX_NAMES) {
      throw new ProfileException("more than " + MAX_NAMES + " names of syscalls");
    }
  }

  private Condition condition(int before) throws IOException, ProfileException {
    if (before >= MAX_CONDITIONS) {
      throw new ProfileException("more than " + MAX_CONDITIONS + " args of a rule");
    }
    long[] numbers = new long[3];
    String[] operator = {""};
    json.members(
        "an item of args",
        field -> {
          switch (field) {
            case "index" -> numbers[0] = number("index", numbers[0]);
            case "value" -> numbers[1] = number("value", numbers[1]);
            case "valuetwo" -> numbers[2] = number("valueTwo", numbers[2]);
            case "op" -> operator[0] = json.isNull() ? operator[0] : word("op");
            default -> json.skip();
          }
        });
    if (numbers[0] < 0 || numbers[0] > 5) {
      throw new ProfileException("an argument's index is not from 0 to 5");
    }
    return new Condition((int) numbers[0], operator[0], numbers[1], numbers[2]);
  }

  private long number(String what, long before) throws IOException, ProfileException {
    return json.isNull() ? before : json.unsigned(what);
  }

  private @Nullable Integer errno() throws IOException, ProfileException {
    if (json.isNull()) {
      return null;
    }
    return (int)
        (json.unsigned("an errno") & 0xffff); // ActErrno.SetReturnCode(int16), libseccomp-golang
  }

  /** The errno of an action; libseccomp takes it below MAX_ERRNO, and other actions ignore it. */
  private static @Nullable Integer errno(SeccompAction action, @Nullable Integer errno)
      throws ProfileException {
    if (errno != null && action == SeccompAction.ERRNO && errno >= MAX_ERRNO) {
      throw new ProfileException("an errno is not below " + MAX_ERRNO);
    }
    return errno;
  }

  private SeccompAction action() throws IOException, ProfileException {
    String name = word("an action");
    return switch (name) {
      case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD" -> SeccompAction.KILL_THREAD;
      case "SCMP_ACT_KILL_PROCESS" -> SeccompAction.KILL_PROCESS;
      case "SCMP_ACT_TRAP" -> SeccompAction.TRAP;
      case "SCMP_ACT_ERRNO" -> SeccompAction.ERRNO;
      case "SCMP_ACT_NOTIFY" -> SeccompAction.USER_NOTIF;
      case "SCMP_ACT_TRACE" -> SeccompAction.TRACE;
      case "SCMP_ACT_LOG" -> SeccompAction.LOG;
      case "SCMP_ACT_ALLOW" -> SeccompAction.ALLOW;
      default -> throw new ProfileException("'" + name + "' is no action");
    };
  }

  private static void add(List<String> words, String word) throws ProfileException {
    if (words.size() >= MAX_WORDS) {
      throw new ProfileException("more than " + MAX_WORDS + " flags or architectures");
    }
    words.add(word);
  }

  /** A short text of printable ASCII without blanks, so that it may stand in a message. */
  private String word(String what) throws IOException, ProfileException {
    String text = json.text(what);
    if (!isWord(text)) {
      throw new ProfileException(what + " is not of 1 to " + MAX_WORD + " printable characters");
    }
    return text;
  }

  private static boolean isWord(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_WORD
        && text.chars().allMatch(c -> c > 32 && c < 127);
  }

  /** A text that is no seccomp profile or no OCI configuration; the message says what is wrong. */
  public static final class ProfileException extends Exception {

    private static final long serialVersionUID = 1L;

    /** With what is wrong, in words. */
    public ProfileException(String message) {
      super(message);
    }
  }
}
