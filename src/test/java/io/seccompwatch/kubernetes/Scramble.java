package io.seccompwatch.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes JSON that is almost what it was. */
final class Scramble {

  private static final List<Object> ODD =
      List.of(
          "",
          "x".repeat(2_000),
          "\u0000\u202e",
          -1,
          159,
          1e300,
          99_999_999_999L,
          true,
          List.of(),
          Map.of(),
          List.of(List.of(1)),
          Map.of("name", Map.of()));

  private Scramble() {}

  /** A copy in which a few values are replaced, missing or there twice. */
  static Object of(Object value, Random random) {
    if (random.nextInt(60) == 0) {
      return ODD.get(random.nextInt(ODD.size()));
    }
    return switch (value) {
      case Map<?, ?> map -> {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach(
            (name, field) -> {
              if (random.nextInt(60) != 0) {
                copy.put((String) name, of(field, random));
              }
            });
        yield copy;
      }
      case List<?> list -> {
        List<Object> copy = new ArrayList<>();
        for (Object item : list) {
          for (int times = random.nextInt(30) == 0 ? 2 : 1; times > 0; times--) {
            copy.add(of(item, random));
          }
        }
        yield copy;
      }
      default -> value;
    };
  }

  /** A copy in which a few characters are others, or after which the rest is missing. */
  static String bytes(String text, Random random) {
    StringBuilder copy = new StringBuilder(text);
    for (int i = 0; i < 3; i++) {
      copy.setCharAt(random.nextInt(copy.length()), (char) random.nextInt(0x80));
    }
    return random.nextBoolean()
        ? copy.toString()
        : copy.substring(0, random.nextInt(copy.length()));
  }
}
