package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineSearchTest {

  private static final List<String> WORDS =
      List.of("seccomp", "SECCOMP", "1326", "1701", "ANOM_ABEND", "audit_", "printk");

  @Test
  void aWordIsFoundWhereverItStands() {
    for (String word : WORDS) {
      for (int before = 0; before < 40; before++) {
        for (int behind = 0; behind < 20; behind++) {
          String line = ".".repeat(before) + word + ".".repeat(behind);
          assertThat(found(line)).as(line).isTrue();
        }
      }
    }
  }

  @Test
  void theSearchAgreesWithASimpleOneOnAnyLine() {
    Random random = new Random(3);
    String letters = "seccomp1326701audit_printk ANOM_ABEND";
    for (int i = 0; i < 200_000; i++) {
      StringBuilder line = new StringBuilder();
      int length = random.nextInt(60);
      for (int j = 0; j < length; j++) {
        int at = random.nextInt(letters.length());
        int to = Math.min(letters.length(), at + 1 + random.nextInt(6));
        line.append(letters, at, to);
      }
      String text = line.toString();
      // A word in another case may be found too: that costs a second look and no more
      if (WORDS.stream().anyMatch(text::contains)) {
        assertThat(found(text)).as(text).isTrue();
      }
      String lower = text.toLowerCase(Locale.ROOT);
      if (WORDS.stream().noneMatch(word -> lower.contains(word.toLowerCase(Locale.ROOT)))) {
        assertThat(found(text)).as(text).isFalse();
      }
    }
  }

  @Test
  void whatIsOutsideOfTheLineIsNotLookedAt() {
    byte[] buffer = "1326 seccomp".getBytes(StandardCharsets.US_ASCII);
    assertThat(LineSearch.mayHoldRecord(buffer, 1, 11)).isFalse();
    assertThat(LineSearch.mayHoldRecord(buffer, 0, 4)).isTrue();
    assertThat(LineSearch.mayHoldRecord(buffer, 5, 12)).isTrue();
    assertThat(LineSearch.mayHoldRecord(buffer, 12, 12)).isFalse();
  }

  private static boolean found(String line) {
    return LineSearch.mayHoldRecord(line);
  }
}
