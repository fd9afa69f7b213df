package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The agent's own lines stand for more than themselves, and a log may lack what is asked for. */
class ReplaySumsTest {

  private static final String KILL =
      "type=SECCOMP msg=audit(1796068866.%03d:%d): auid=4294967295 uid=0 gid=0 ses=4294967295"
          + " pid=%d comm=\"mkdir\" exe=\"/bin/busybox\" sig=31 arch=c000003e syscall=83 compat=0"
          + " ip=0x7f2c1d0a3b4d code=0x80000000\n";
  private static final String DEATH =
      "type=ANOM_ABEND msg=audit(1796068867.%03d:%d): auid=4294967295 uid=0 gid=0 ses=4294967295"
          + " subj=docker-default pid=%d comm=\"mkdir\" exe=\"/bin/busybox\" sig=%d res=1\n";

  /** A hundred kills: twenty lines at once, and one that says that 79 were left out before it. */
  private static String agentsLines() {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 21; i++) {
      log.append(KILL.formatted(i, i, 7_000 + i));
    }
    String lines = Cli.runOn(log.toString(), "replay", "--output", "json").out();
    return lines.stripTrailing().replaceFirst("}$", ",\"suppressed\":79}") + "\n";
  }

  @Test
  void theBalanceCountsWhatTheAgentLeftOut() {
    assertThat(Cli.runOn(agentsLines(), "replay").err())
        .isEqualTo(
            "lines 21, records 100, shown 100, filtered 0, duplicates 0, rejected 0, lost notices"
                + " 0\n");
    assertThat(Cli.runOn(agentsLines() + agentsLines(), "replay").err())
        .contains("records 200, shown 100, filtered 0, duplicates 100");
    assertThat(Cli.runOn(agentsLines(), "replay", "--comm=x").err())
        .contains("records 100, shown 0, filtered 100");
  }

  @Test
  void theSummaryCountsWhatTheAgentLeftOut() {
    assertThat(Cli.runOn(agentsLines(), "replay", "--output", "summary").out())
        .hasLineCount(2)
        .contains("       100  kill_process  mkdir ");
  }

  @Test
  void theTableHasAColumnForIt() {
    String table = Cli.runOn(agentsLines(), "replay", "--utc").out();
    assertThat(table.lines().findFirst())
        .hasValueSatisfying(row -> assertThat(row).contains("COUNT"));
    assertThat(table).endsWith("kill_process  80     mkdir    x86_64  7020  mkdir  /bin/busybox\n");
  }

  /** The first rows give the columns. */
  @Test
  void aLateRowOfTheTableSaysItBehindItself() {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 600; i++) {
      log.append(KILL.formatted(i, i, 7_000 + i));
    }
    String lines = Cli.runOn(log.toString(), "replay", "--output", "json").out();
    String last = lines.stripTrailing().replaceFirst("}$", ",\"suppressed\":79}");
    assertThat(Cli.runOn(last, "replay").out()).endsWith("/bin/busybox  (80 times)\n");
  }

  @Test
  void jsonHandsItOn() {
    assertThat(Cli.runOn(agentsLines(), "replay", "--output", "json").out())
        .isEqualTo(agentsLines());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "\"79\"", "1.5", "9223372036854775807"})
  void whatIsNoCountIsNoLineOfOurs(String suppressed) {
    String wrong = agentsLines().replace(":79}", ":" + suppressed + "}");
    assertThat(Cli.runOn(wrong, "replay").err())
        .contains("records 20, ", "rejected 1 (malformed 1)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--namespace=prod", "--pod=api"})
  void aLogWithoutNamesSaysSo(String filter) {
    assertThat(Cli.runOn(KILL.formatted(1, 1, 1), "replay", filter).err().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("seccomp-watch: replay: note: --namespace and --pod match nothing here");
    assertThat(Cli.runOn("", "replay", filter).err()).hasLineCount(1);
    String named =
        agentsLines()
            .replace("\"workload\":null", "\"workload\":{\"namespace\":\"x\",\"pod\":\"y\"}");
    assertThat(Cli.runOn(named, "replay", filter).err()).hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 31, true",
    "'', 11, false",
    "before, 31, false",
    "behind, 31, false",
    "another, 31, true",
  })
  void aDeathBySigsysWithoutItsRecordIsTold(String record, int signal, boolean told) {
    String kill = KILL.formatted(1, 1, record.equals("another") ? 8_000 : 7_421);
    String death = DEATH.formatted(2, 2, 7_421, signal);
    Cli.Ran ran =
        Cli.runOn(
            record.isEmpty() ? death : record.equals("behind") ? death + kill : kill + death,
            "replay");
    if (told) {
      assertThat(ran.err())
          .startsWith("seccomp-watch: replay: note: 1 process died by SIGSYS")
          .contains("first mkdir (/bin/busybox), PID 7421");
    } else {
      assertThat(ran.err()).hasLineCount(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[  1.000000] audit: type=1701 audit(1796068867.001:2): auid=0 uid=0 gid=0 ses=1 pid=7421"
            + " comm=\"mkdir\" exe=\"/bin/busybox\" sig=31 res=1",
        "Nov 30 20:01:06 node-1 audit[7421]: ANOM_ABEND auid=0 uid=0 gid=0 ses=1 pid=7421"
            + " comm=\"mkdir\" exe=\"/bin/busybox\" sig=31 res=1",
        "type=1701 audit(1796068867.001:2): auid=0 uid=0 gid=0 ses=1 pid=7421 comm=\"mkdir\""
            + " reason=\"seccomp\" sig=31",
        "audit.log:7:type=ANOM_ABEND msg=audit(1796068867.001:2): auid=0 uid=0 gid=0 ses=1 pid=7421"
            + " comm=\"mkdir\" exe=\"/bin/busybox\" sig=31 res=1",
      })
  void aDeathIsKnownInEveryForm(String line) {
    assertThat(Cli.runOn(line + "\n", "replay").err())
        .contains("1 process died by SIGSYS", "first mkdir");
  }

  /** Two counts of one death, in kern.log and audit.log, are one death. */
  @Test
  void aDeathThatIsToldTwiceIsOne() {
    String death = DEATH.formatted(2, 2, 7_421, 31);
    assertThat(Cli.runOn(death + death, "replay").err()).contains("1 process died by SIGSYS");
  }
}
