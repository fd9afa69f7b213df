package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.EventText.EventNames;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventNamesTest {

  /** {@code dns1123SubdomainFmt} of the API machinery. */
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private final EventNames names = new EventNames(42);

  @Test
  void isThePodsNameAndSixteenHexDigits() {
    assertThat(names.name("api-7d9f-x2x", "1")).matches("api-7d9f-x2x\\.[0-9a-f]{16}");
  }

  @Test
  void aPodsNameOfAnyLengthFits() {
    for (int length = 1; length <= 300; length++) {
      assertThat(names.name("p".repeat(length), "1"))
          .matches(SUBDOMAIN)
          .hasSizeLessThanOrEqualTo(253);
    }
    String dotted = "a.".repeat(126) + "b";
    assertThat(names.name(dotted, "1")).matches(SUBDOMAIN).hasSizeBetween(250, 253);
  }

  @ParameterizedTest
  @CsvSource({"'',''", "UPPER,''", "../x,''", "a/b,a", "a..b,a", "a-.b,a", "-a,''", "a-,a", "é,''"})
  void whatIsNoNameIsLeftOut(String pod, String kept) {
    assertThat(names.name(pod, "1"))
        .matches(SUBDOMAIN)
        .matches(Pattern.quote(kept) + (kept.isEmpty() ? "" : "\\.") + "[0-9a-f]{16}");
  }

  @Test
  void whateverThePodIsCalledItIsASubdomain() {
    Random random = new Random(20261122);
    String alphabet = "abz019.-.-_/A\u00e9\n";
    for (int i = 0; i < 50_000; i++) {
      StringBuilder pod = new StringBuilder();
      for (int length = random.nextInt(280); length > 0; length--) {
        int among = random.nextInt(40) == 0 ? alphabet.length() : 8;
        pod.append(alphabet.charAt(random.nextInt(among)));
      }
      assertThat(names.name(pod.toString(), "1"))
          .matches(SUBDOMAIN)
          .hasSizeLessThanOrEqualTo(EventNames.LONGEST);
    }
  }

  @Test
  void noTwoEventsAndNoTwoAgentsHaveTheSame() {
    Set<String> all = new HashSet<>();
    for (long agent = 0; agent < 100; agent++) {
      for (int event = 0; event < 100; event++) {
        all.add(new EventNames(agent).name("web-1", String.valueOf(event)));
      }
    }
    assertThat(all).hasSize(10_000);
  }
}
