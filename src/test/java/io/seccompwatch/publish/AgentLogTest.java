package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.testing.TestClock;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentLogTest {

  private static final String START = "time=2026-11-22T10:20:30.000Z level=";

  private final TestClock clock = new TestClock();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final AgentLog log =
      new AgentLog(new PrintStream(out, true, StandardCharsets.UTF_8), clock);

  @Test
  void aLineIsATimeALevelAMessageAndItsFields() {
    log.info("listening", "address", "0.0.0.0:9326");
    log.warn("two words", "n", 1, "empty", "");
    assertThat(written())
        .isEqualTo(
            START
                + "info msg=listening address=0.0.0.0:9326\n"
                + START
                + "warn msg=\"two words\" n=1 empty=\"\"\n");
  }

  @ParameterizedTest
  @CsvSource({
    "a b,       \"a b\"",
    "say \"x\", \"say \\\"x\\\"\"",
    "a \\ b,    \"a \\\\ b\"",
    "grün,      \"grün\"",
  })
  void whatIsNotPlainIsQuoted(String value, String shown) {
    log.info("m", "k", value);
    assertThat(written()).isEqualTo(START + "info msg=m k=" + shown + "\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\n", "\r", "\t", "\u0000", "\u001b", "\u007f", "\u0085", "\u2028", "\u2029", "\u202e",
        "\u2066", "\u200b", "\ud800"
      })
  void whatWouldForgeALineOrTurnItIsReplaced(String hostile) {
    log.warn("m", "k", "a" + hostile + "level=info");
    assertThat(written()).isEqualTo(START + "warn msg=m k=\"a?level=info\"\n");
  }

  @Test
  void aValueIsBounded() {
    log.info("m", "k", "x".repeat(100_000));
    assertThat(written()).hasSizeLessThan(1_200).contains("x…");
  }

  @Test
  void oneLineAMinuteOfAKindAndThenItTellsHowManyThereWere() {
    for (int i = 0; i < 10; i++) {
      log.warn("disk full", "path", "/a");
    }
    clock.advance(Duration.ofSeconds(59));
    log.warn("disk full", "path", "/a");
    assertThat(written()).hasLineCount(1);
    clock.advance(Duration.ofSeconds(1));
    log.warn("disk full", "path", "/a");
    log.warn("disk full", "path", "/a");
    assertThat(written()).hasLineCount(2).endsWith(" path=/a suppressed=10\n");
  }

  @Test
  void anotherMessageOrAnotherSubjectIsAnotherKind() {
    log.warn("disk full", "path", "/a");
    log.warn("disk full", "path", "/b");
    log.warn("disk empty", "path", "/a");
    assertThat(written()).hasLineCount(3);
  }

  @Test
  void aClockThatIsSetBackDoesNotSilenceIt() {
    log.warn("disk full");
    clock.advance(Duration.ofDays(-1));
    log.warn("disk full");
    assertThat(written()).hasLineCount(2);
  }

  private String written() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
