package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code replay} says of when, and which of two lines of one event it keeps. */
class ReplayTimesTest {

  private static final String BODY =
      "auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7421 comm=\"nginx\" exe=\"/usr/sbin/nginx\""
          + " sig=0 arch=c000003e syscall=%d compat=0 ip=0x7f2c1d0a3b4d code=0x50000\n";
  private static final String STAMPLESS =
      "2026-11-30T20:01:06+0000 node-1 audit[7421]: SECCOMP " + BODY.formatted(425);
  private static final String STAMPED =
      "2026-11-30T20:01:06+0000 node-1 kernel: audit: type=1326 audit(1796068866.882:2295): "
          + BODY.formatted(425);

  @TempDir Path directory = Path.of("");

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void ofTwoLinesOfOneEventTheOneWithTheStampIsKept(boolean stamplessFirst) throws IOException {
    String log = stamplessFirst ? STAMPLESS + STAMPED : STAMPED + STAMPLESS;
    List<JsonNode> shown = replay(log, "--since", "2026-11-30T00:00:00Z");
    assertThat(shown).hasSize(1);
    assertThat(shown.getFirst().get("time").asText()).isEqualTo("2026-11-30T20:01:06.882Z");
    assertThat(shown.getFirst().get("auditId").asText()).isEqualTo("1796068866.882:2295");
  }

  @Test
  void aLineThatHasNoStampHasItsOwnTime() throws IOException {
    assertThat(replay(STAMPLESS, "--since", "2026-11-30T00:00:00Z"))
        .extracting(line -> line.get("time").asText())
        .containsExactly("2026-11-30T20:01:06.000Z");
    assertThat(replay(STAMPLESS, "--since", "2026-12-01T00:00:00Z")).isEmpty();
  }

  @Test
  void theOrderOfTheLogStays() throws IOException {
    StringBuilder log = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      log.append(STAMPLESS.replace("=425 ", "=" + i + " "));
      if (i % 3 > 0) {
        log.append(
            STAMPED.replace("=425 ", "=" + i + " ").replace(":2295)", ":" + (3_000 + i) + ")"));
      }
      expected.append(i).append(' ');
    }
    StringBuilder shown = new StringBuilder();
    for (JsonNode line : replay(log.toString())) {
      shown.append(line.at("/syscall/number").asInt()).append(' ');
      assertThat(line.get("auditId").isNull())
          .isEqualTo(line.at("/syscall/number").asInt() % 3 == 0);
    }
    assertThat(shown.toString()).isEqualTo(expected.toString());
  }

  /** rsyslog reads the ring again when it starts: a third copy is not the twin of another event. */
  @Test
  void aThirdCopyIsNobodysTwin() throws IOException {
    String again = STAMPED.replace(":2295)", ":2296)").replace("66.882", "66.992");
    List<String> ids = new ArrayList<>();
    for (JsonNode line : replay(STAMPLESS + STAMPLESS + STAMPED + STAMPED + again)) {
      ids.add(line.get("auditId").asText());
    }
    assertThat(ids).containsExactly("1796068866.882:2295", "1796068866.992:2296");
  }

  @Test
  void moreThanAreKeptBackComeOutAsTheyAre() throws IOException {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 10_000; i++) {
      log.append(STAMPLESS.replace("=425 ", "=" + i + " "));
    }
    List<JsonNode> shown = replay(log + STAMPED.replace("=425 ", "=9999 "));
    assertThat(shown.size()).isEqualTo(10_000);
    assertThat(shown.getLast().get("auditId").asText()).isEqualTo("1796068866.882:2295");
  }

  @Test
  void theYearIsTheOneNearestToTheFilesDateAndThatIsSaid() throws IOException {
    Path file = directory.resolve("messages");
    Files.writeString(file, "Dec 31 23:59:58 node-1 audit[7421]: SECCOMP " + BODY.formatted(425));
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2024-01-02T00:00:00Z")));
    Cli.Ran ran = Cli.run("replay", "--utc", file.toString());
    assertThat(ran.out()).contains("2023-12-31 23:59:58.000");
    assertThat(ran.err())
        .startsWith("seccomp-watch: replay: note: 1 record has only the time of a syslog line")
        .contains("zone Z");
  }

  @ParameterizedTest
  @CsvSource({
    "'Nov 30 20:01:06 h', 2026-11-30T20:00:00Z, 2026-11-30T19:01:06Z",
    "'<5>Nov 30 20:01:06.5 h', 2026-11-30T20:00:00Z, 2026-11-30T19:01:06.500Z",
    "'jun  8 18:21:48 h', 2026-11-30T20:00:00Z, 2026-06-08T16:21:48Z",
    "'Jan  1 00:30:00 h', 2025-12-31T23:00:00Z, 2025-12-31T23:30:00Z",
    "'Feb 29 12:00:00 h', 2026-11-30T20:00:00Z, ",
    "'Feb 29 12:00:00 h', 2024-11-30T20:00:00Z, 2024-02-29T11:00:00Z",
    "'Foo 30 20:01:06 h', 2026-11-30T20:00:00Z, ",
    "'Nov 31 20:01:06 h', 2026-11-30T20:00:00Z, ",
    "'Nov 30 25:01:06 h', 2026-11-30T20:00:00Z, ",
  })
  void aTraditionalStampIsReadNearAReference(String line, Instant reference, Instant time) {
    assertThat(LineTimes.rfc3164(line, reference, ZoneId.of("Europe/Berlin"))).isEqualTo(time);
  }

  @ParameterizedTest
  @CsvSource({
    "UTC, 2026-11-30T20:01:06Z",
    "GMT, 2026-11-30T20:01:06Z",
    "+05, 2026-11-30T15:01:06Z",
    "-0330, 2026-11-30T23:31:06Z",
    "CET, 2026-11-30T19:01:06Z",
    "CEST, ",
    "PST, ",
  })
  void aZoneThatCouldBeAnothersGivesNoTime(String zone, Instant time) {
    assertThat(LineTimes.dated("2026-11-30", "20:01:06", zone, ZoneId.of("Europe/Berlin")))
        .isEqualTo(time);
  }

  private static List<JsonNode> replay(String log, String... options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("replay", "--output", "json"));
    arguments.addAll(List.of(options));
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Cli.runOn(log, arguments.toArray(String[]::new)).out().lines().toList()) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }
}
