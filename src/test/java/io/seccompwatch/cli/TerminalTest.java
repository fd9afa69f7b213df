package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person sees and writes: colour, escapes, moments. */
class TerminalTest {

  private static final Instant NOW = Instant.parse("2026-11-22T10:20:30Z");

  @ParameterizedTest
  @CsvSource(
      value = {
        "/dev/pts/3,     null, true",
        "/dev/tty1,      null, true",
        "/dev/pts/3,     '',   true",
        "/dev/pts/3,     1,    false",
        "/dev/pts/3,     0,    false",
        "pipe:[12],      null, false",
        "/tmp/file,      null, false",
        "/dev/null,      null, false",
      },
      nullValues = "null")
  void colourIsWantedOnATerminalUnlessNoColorSaysOtherwise(
      String stdout, @Nullable String noColor, boolean wanted, @TempDir Path directory)
      throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("1"), Path.of(stdout));
    assertThat(Terminal.wantsColour(noColor, link)).isEqualTo(wanted);
    assertThat(Terminal.wantsColour(noColor, directory.resolve("none"))).isFalse();
    Files.delete(link);
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "null,           -",
        "'',             '\"\"'",
        "/bin/kc,        /bin/kc",
        "größe,          größe",
        "a\u001b[31mb,   a\\x1b[31mb",
        "a\u202eb,       a\\u202eb",
        "a\u2028b,       a\\u2028b",
        "a\u007fb,       a\\x7fb",
      },
      nullValues = "null")
  void textIsShownSoThatItCannotActOnTheTerminal(@Nullable String text, String shown) {
    assertThat(Terminal.safe(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-22T09:00:00Z,        2026-11-22T09:00:00Z",
    "2026-11-22T09:00:00.123Z,    2026-11-22T09:00:00.123Z",
    "2026-11-22T09:00:00+02:00,   2026-11-22T07:00:00Z",
    "2026-11-22T09:00:00-02:00,   2026-11-22T11:00:00Z",
    "2026-11-22T09:00,            2026-11-22T08:00:00Z",
    "2026-11-22 09:00,            2026-11-22T08:00:00Z",
    "2026-11-22 09:00:01,         2026-11-22T08:00:01Z",
    "2026-11-22,                  2026-11-21T23:00:00Z",
    "30s,                         2026-11-22T10:20:00Z",
    "20m,                         2026-11-22T10:00:30Z",
    "24h,                         2026-11-21T10:20:30Z",
    "7d,                          2026-11-15T10:20:30Z",
    "0s,                          2026-11-22T10:20:30Z",
  })
  void aMomentIsWrittenAsPeopleDo(String text, Instant moment) {
    ZoneId berlin = ZoneId.of("Europe/Berlin");
    assertThat(ReplayFilter.moment(text, berlin, Clock.fixed(NOW, ZoneOffset.UTC)))
        .isEqualTo(moment);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yesterday",
        "10:20",
        "1w",
        "-1h",
        "1.5h",
        "9999999d",
        "2026-02-30",
        "2026-11-22T25:00",
        "2026-11-22T09:00:00+99:00",
        "22.11.2026"
      })
  void whatIsNoMomentIsNone(String text) {
    assertThat(ReplayFilter.moment(text, ZoneOffset.UTC, Clock.fixed(NOW, ZoneOffset.UTC)))
        .isNull();
  }
}
