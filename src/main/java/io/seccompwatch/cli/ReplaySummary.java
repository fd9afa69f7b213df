package io.seccompwatch.cli;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Groups violations by who made which call and what came of it, the most frequent first. Who is the
 * workload where it is known, the executable otherwise.
 */
final class ReplaySummary implements ReplayOutput {

  /** How many groups are told apart; what comes after is one group. */
  private static final int MAX_GROUPS = 100_000;

  /** The longest executable that is told apart: with the most groups, still no large memory. */
  private static final int MAX_WHO = 256;

  private static final Group BEYOND = new Group(SeccompAction.UNKNOWN, "other", "other", "other");

  private record Group(SeccompAction action, String syscall, String arch, String who) {}

  private static final class Tally {
    long count;
    @Nullable Instant first;
    @Nullable Instant last;
  }

  private final OutputStream out;
  private final Terminal terminal;
  private final Map<Group, Tally> groups = new HashMap<>();

  ReplaySummary(OutputStream out, Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  @Override
  public void add(Violation violation, long suppressed) {
    String name = violation.syscallName();
    String workload = ReplayTable.workload(violation.attribution());
    Group group =
        new Group(
            violation.record().action(),
            name == null ? violation.record().syscallText() : name,
            violation.record().arch().label(),
            workload.equals("-") ? executable(violation) : workload);
    count(group, 1 + suppressed, violation.time());
  }

  @Override
  public void add(Suppressed sum) {
    Attribution of = sum.attribution();
    String workload = of == null ? ReplayTable.SEVERAL : ReplayTable.workload(of);
    count(
        new Group(SeccompAction.UNKNOWN, ReplayTable.SEVERAL, "-", workload),
        sum.count(),
        sum.time());
  }

  private void count(Group of, long count, @Nullable Instant time) {
    Group group = groups.size() >= MAX_GROUPS && !groups.containsKey(of) ? BEYOND : of;
    Tally tally = groups.computeIfAbsent(group, unseen -> new Tally());
    tally.count += count;
    if (time != null) {
      tally.first = tally.first == null || time.isBefore(tally.first) ? time : tally.first;
      tally.last = tally.last == null || time.isAfter(tally.last) ? time : tally.last;
    }
  }

  private static String executable(Violation violation) {
    String exe = violation.record().exe();
    String who = Terminal.safe(exe == null ? violation.record().comm() : exe);
    return who.length() <= MAX_WHO ? who : who.substring(0, MAX_WHO) + "…";
  }

  @Override
  public void finish() throws IOException {
    if (!groups.isEmpty()) {
      List<Map.Entry<Group, Tally>> sorted =
          groups.entrySet().stream()
              .sorted(
                  Comparator.comparingLong((Map.Entry<Group, Tally> e) -> -e.getValue().count)
                      .thenComparing(e -> e.getKey().toString()))
              .toList();
      String format = "%10s  %-12s  %-20s  %-8s  %-23s  %-23s  %s%n";
      print(format.formatted("COUNT", "ACTION", "SYSCALL", "ARCH", "FIRST", "LAST", "WHO"));
      for (Map.Entry<Group, Tally> entry : sorted) {
        Group group = entry.getKey();
        Tally tally = entry.getValue();
        String action = "%-12s".formatted(group.action().label());
        print(
            format.formatted(
                tally.count,
                terminal.coloured(group.action(), action),
                group.syscall(),
                group.arch(),
                terminal.time(tally.first),
                terminal.time(tally.last),
                group.who()));
      }
    }
    out.flush();
  }

  private void print(String line) throws IOException {
    out.write(line.getBytes(StandardCharsets.UTF_8));
  }
}
