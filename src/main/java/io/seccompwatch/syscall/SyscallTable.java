package io.seccompwatch.syscall;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The system calls of one ABI, in ascending order of their numbers as an audit record prints them.
 * Immutable.
 */
public final class SyscallTable {
  /** One call: its number in this ABI and the kernel's name for it. */
  public record Entry(long number, String name) {}

  private final String label;
  private final int[] numbers;
  private final String[] names;

  private SyscallTable(String label, int[] numbers, String[] names) {
    this.label = label;
    this.numbers = numbers;
    this.names = names;
  }

  /**
   * Reads a table: lines of {@code number TAB name}, numbers ascending, every line ended by a
   * newline; lines that begin with {@code #} are comments.
   *
   * @param label what the table is called in messages
   * @throws IllegalArgumentException when a line is anything else; the message names it
   */
  public static SyscallTable parse(String label, byte[] text) {
    int lines = 0;
    for (byte b : text) {
      if (b == '\n') {
        lines++;
      }
    }
    int[] numbers = new int[lines];
    String[] names = new String[lines];
    int size = 0;
    int start = 0;
    for (int line = 1; start < text.length; line++) {
      int end = indexOf(text, '\n', start, text.length);
      if (text[start] != '#') {
        int tab = indexOf(text, '\t', start, Math.max(start, end));
        int number = tab < 0 ? -1 : number(text, start, tab);
        if (number < 0 || tab + 1 == end || (size > 0 && number <= numbers[size - 1])) {
          throw new IllegalArgumentException(
              label + ": line " + line + ": not an ascending number, a tab and a name");
        }
        numbers[size] = number;
        names[size++] = new String(text, tab + 1, end - tab - 1, StandardCharsets.ISO_8859_1);
      } else if (end < 0) {
        break;
      }
      start = end + 1;
    }
    return new SyscallTable(label, Arrays.copyOf(numbers, size), Arrays.copyOf(names, size));
  }

  /**
   * The name of a call, or null when this ABI has no call of that number. Any long may be asked.
   */
  public @Nullable String name(long number) {
    if (number != (int) number) {
      return null;
    }
    int index = Arrays.binarySearch(numbers, (int) number);
    return index < 0 ? null : names[index];
  }

  /**
   * The number of a call by its exact name. Looks at one entry after the other: not for hot code.
   */
  public OptionalLong number(String name) {
    for (int i = 0; i < names.length; i++) {
      if (names[i].equals(name)) {
        return OptionalLong.of(numbers[i]);
      }
    }
    return OptionalLong.empty();
  }

  /** Every call, ascending by number; an unmodifiable view. */
  public List<Entry> entries() {
    return new Entries();
  }

  @Override
  public String toString() {
    return label + " (" + numbers.length + " calls)";
  }

  private static int indexOf(byte[] text, char wanted, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  /** The decimal number of the digits in [from, to), or -1 when they are none or beyond an int. */
  private static int number(byte[] text, int from, int to) {
    long number = from == to ? -1 : 0;
    for (int i = from; i < to; i++) {
      int digit = text[i] - '0';
      if (digit < 0 || digit > 9 || number > Integer.MAX_VALUE) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return number > Integer.MAX_VALUE ? -1 : (int) number;
  }

  private final class Entries extends AbstractList<Entry> implements RandomAccess {
    @Override
    public Entry get(int index) {
      return new Entry(numbers[index], names[index]);
    }

    @Override
    public int size() {
      return numbers.length;
    }
  }
}
