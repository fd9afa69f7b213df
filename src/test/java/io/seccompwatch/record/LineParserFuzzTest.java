package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Any bytes at all, to every dialect: an answer, never an exception, and never beyond the line's
 * bounds. As a plain test it runs over the committed inputs; {@code .ci/run} fuzzes with {@code
 * JAZZER_FUZZ=1}.
 */
class LineParserFuzzTest {

  private static final LineParser[] PARSERS =
      Arrays.stream(Dialect.values()).map(LineParser::new).toArray(LineParser[]::new);

  @FuzzTest(maxDuration = "60s")
  void anyBytesAreAnswered(byte[] data) {
    byte[] framed = framed(data);
    for (LineParser parser : PARSERS) {
      Line line = parser.parse(framed, 1, framed.length - 1);
      Line alone = parser.parse(data, 0, data.length);
      assertThat(line).isEqualTo(alone);
      if (line instanceof Line.Recognised recognised) {
        check(recognised.record(), data);
      } else if (line instanceof Line.Repeated repeated) {
        check(repeated.line().record(), data);
        assertThat(repeated.times()).isBetween(1L, SeccompRecord.UNSET);
      }
    }
  }

  /** What is recognised must stand in the line: nothing may be invented. */
  private static void check(SeccompRecord record, byte[] data) {
    String text = new String(data, StandardCharsets.ISO_8859_1);
    assertThat(text).contains(" pid=").contains(" comm=");
    assertThat(text.contains(" code=0x") || !record.isWhole()).isTrue();
    assertThat(record.pid()).isNotNegative();
    assertThat(record.uid()).isBetween(0L, SeccompRecord.UNSET);
    assertThat(record.comm() == null || record.comm().length() <= 64).isTrue();
  }

  /** The line amid bytes that would change its meaning if they were read. */
  private static byte[] framed(byte[] data) {
    byte[] framed = new byte[data.length + 2];
    System.arraycopy(data, 0, framed, 1, data.length);
    framed[0] = '0';
    framed[framed.length - 1] = '0';
    return framed;
  }
}
