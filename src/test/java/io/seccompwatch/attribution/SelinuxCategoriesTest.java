package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Inference.SelinuxCategories;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelinuxCategoriesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          s0:c12,c345    | c12,c345
          s0:c345,c12    | c12,c345
          c12,c345       | c12,c345
          s0-s0:c1.c3    | c1,c2,c3
          s0:c1.c2,c1023 | c1,c2,c1023
          s0:c0          | c0
          s0:c5,c5       | c5
          """)
  void oneSpellingForEverySpelling(String level, String canonical) {
    assertThat(SelinuxCategories.canonical(level)).isEqualTo(canonical);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''",
        "s0",
        "s0:",
        "s0:c",
        "s0:c1024",
        "s0:c99999",
        "s0:c3.c1",
        "s0:c1,",
        "s0:c-1",
        "s0:c1.c",
        "s0:x1,c2",
        "s0:c1;c2",
        "s0:c１"
      })
  void whatIsNoLevelHasNoCategories(String level) {
    assertThat(SelinuxCategories.canonical(level)).isNull();
  }
}
