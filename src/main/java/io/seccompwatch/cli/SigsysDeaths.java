package io.seccompwatch.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds processes that SIGSYS ended and whose seccomp record is not in the log. The kernel writes
 * {@code ANOM_ABEND} (type 1701) for each process that dies by a signal with a core dump ({@code
 * kernel/auditsc.c}, {@code audit_core_dumps}), right behind the record of the filter that killed
 * it; an audit rule such as {@code msgtype<1400} drops the record and leaves this. The two are of
 * one event when their PIDs are the same and their stamps at most {@link #APART_SECONDS} apart, in
 * whichever order they come. Bounded: of each kind the last {@link #MOST} are remembered. Not
 * thread-safe.
 */
final class SigsysDeaths {

  private static final int MOST = 16_384;
  private static final int APART_SECONDS = 10;

  /** How the line of a death begins: in auditd's form, the kernel's and journald's. */
  private static final List<String> BEGINNINGS =
      List.of("type=ANOM_ABEND msg=audit(", "type=1701 audit(", "]: ANOM_ABEND ");

  private static final Pattern DEATH =
      Pattern.compile(
          "(?:(\\d{1,11}+)\\.\\d{1,3}+:\\d{1,10}+\\): )?.{0,1024}?"
              + " pid=(\\d{1,10}+) comm=(\\S{1,130}+)(?: exe=(\\S{1,8300}+))?+"
              + "(?: reason=\\S{1,64}+)?+ sig=31\\b");

  /** When a record or a death has no stamp. */
  static final long UNKNOWN = -1;

  /** A death that no record explains. */
  record Death(int pid, String program, long second) {}

  private final Map<Integer, Long> killed = bounded();
  private final Map<Integer, Death> unexplained = bounded();

  private static <V> Map<Integer, V> bounded() {
    return new LinkedHashMap<>() {
      @Override
      protected boolean removeEldestEntry(Map.Entry<Integer, V> eldest) {
        return size() > MOST;
      }
    };
  }

  /** Takes note of a record whose filter sends SIGSYS. */
  void killed(int pid, long second) {
    killed.put(pid, second);
    Death death = unexplained.get(pid);
    if (death != null && near(death.second(), second)) {
      unexplained.remove(pid);
    }
  }

  /** Takes note of a line that is none of seccomp's, if it tells of a death by SIGSYS. */
  void other(String line) {
    for (String beginning : BEGINNINGS) {
      int at = line.indexOf(beginning);
      if (at >= 0) {
        Matcher match = DEATH.matcher(line).region(at + beginning.length(), line.length());
        if (match.lookingAt()) {
          String second = match.group(1);
          died(
              second == null ? UNKNOWN : Long.parseLong(second),
              match.group(2),
              match.group(3),
              match.group(4));
        }
        return;
      }
    }
  }

  private void died(long second, String pidText, String comm, @Nullable String exe) {
    long pid = Long.parseLong(pidText);
    if (pid > Integer.MAX_VALUE) {
      return;
    }
    Long record = killed.get((int) pid);
    if (record == null || !near(record, second)) {
      String program = comm + (exe == null ? "" : " (" + exe + ")");
      unexplained.put((int) pid, new Death((int) pid, program.replace("\"", ""), second));
    }
  }

  private static boolean near(long a, long b) {
    return a == UNKNOWN || b == UNKNOWN || Math.abs(a - b) <= APART_SECONDS;
  }

  /** Returns what is to be said of deaths without a record; null when there are none. */
  @Nullable String note() {
    if (unexplained.isEmpty()) {
      return null;
    }
    Death first = unexplained.values().iterator().next();
    int count = unexplained.size();
    String who = count == 1 ? "1 process" : count + " processes";
    return who
        + " died by SIGSYS (ANOM_ABEND, type 1701, sig=31) without a seccomp record (type 1326) in"
        + " this log, first "
        + Terminal.excerpt(first.program(), 120)
        + ", PID "
        + first.pid()
        + ": an audit rule such as msgtype<1400 excludes the record, or it was lost";
  }
}
