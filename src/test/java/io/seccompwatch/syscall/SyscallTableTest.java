package io.seccompwatch.syscall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.syscall.SyscallTable.Entry;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SyscallTableTest {
  private static final SyscallTable TABLE =
      parse("# a comment\n0\tread\n1\twrite\n#\n2147483647\tlast\n");

  @Test
  void readsEntriesBetweenComments() {
    assertThat(TABLE.entries())
        .containsExactly(
            new Entry(0, "read"), new Entry(1, "write"), new Entry(Integer.MAX_VALUE, "last"));
    assertThat(TABLE).hasToString("test (3 calls)");
    assertThatThrownBy(() -> TABLE.entries().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void looksUpBothWays() {
    assertThat(TABLE.name(1)).isEqualTo("write");
    assertThat(TABLE.name(Integer.MAX_VALUE)).isEqualTo("last");
    assertThat(TABLE.number("last")).hasValue(Integer.MAX_VALUE);
    assertThat(TABLE.number("Read")).isEmpty();
    assertThat(TABLE.number("")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      longs = {-1, 2, 4294967296L, 4294967297L, -4294967295L, Long.MIN_VALUE, Long.MAX_VALUE})
  void numbersWithoutACallHaveNoName(long number) {
    assertThat(TABLE.name(number)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "# only a comment\n", "# a comment without an end"})
  void aTableMayBeEmpty(String text) {
    assertThat(parse(text).entries()).isEmpty();
    assertThat(parse(text).name(0)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1 write\n",
        "write\t1\n",
        "1\t\n",
        "\twrite\n",
        "1\n",
        "\n",
        "-1\twrite\n",
        "2147483648\twrite\n",
        "99999999999999999999999\twrite\n",
        "0x1\twrite\n",
        "1\twrite",
        "0\tread\n0\twrite\n",
        "2\topen\n1\twrite\n",
      })
  void anyOtherLineIsAnError(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parse("# a comment\n" + text))
        .withMessageMatching("test: line [23]: not an ascending number, a tab and a name");
  }

  private static SyscallTable parse(String text) {
    return SyscallTable.parse("test", text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
