package io.seccompwatch.attribution;

import java.util.BitSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The categories of an SELinux level, {@code s0:c12,c345}, in one spelling: a specification may
 * name them in any order, the kernel prints them sorted and three and more in a row as {@code
 * c1.c3}. See {@code mls_sid_to_context} in the kernel's {@code security/selinux/ss/mls.c}.
 */
public final class SelinuxCategories {

  /** The number of categories that SELinux policies define. */
  private static final int CATEGORIES = 1_024;

  private static final int LONGEST = 8_192;

  private SelinuxCategories() {}

  /**
   * The categories of a level, sorted and spelled out.
   *
   * @param level {@code s0:c345,c12}, {@code s0-s0:c1.c3}, or the categories alone
   * @return {@code c12,c345}; null when there are none, or when this is no level
   */
  public static @Nullable String canonical(String level) {
    String list = level.substring(level.indexOf(':') + 1);
    if (list.isEmpty() || list.length() > LONGEST || list.charAt(0) != 'c') {
      return null;
    }
    BitSet set = new BitSet(CATEGORIES);
    for (String item : list.split(",", -1)) {
      int dot = item.indexOf('.');
      int from = number(dot < 0 ? item : item.substring(0, dot));
      int to = dot < 0 ? from : number(item.substring(dot + 1));
      if (from < 0 || to < from) {
        return null;
      }
      set.set(from, to + 1);
    }
    return set.stream().mapToObj(c -> "c" + c).collect(Collectors.joining(","));
  }

  /** The number of a category {@code c<number>}; -1 when this is none. */
  private static int number(String category) {
    if (category.length() < 2 || category.length() > 5 || category.charAt(0) != 'c') {
      return -1;
    }
    if (!CgroupNames.isDigits(category, 1)) {
      return -1;
    }
    int number = Integer.parseInt(category.substring(1));
    return number < CATEGORIES ? number : -1;
  }
}
