package io.seccompwatch.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A query string's parameters, each given once and known. */
final class Query {

  /** A query that cannot be answered; the message is for its sender. */
  static final class BadQuery extends Exception {
    private static final long serialVersionUID = 1L;

    BadQuery(String message) {
      super(message);
    }
  }

  private static final int MAX_PAIRS = 64;

  private final Map<String, String> parameters = new HashMap<>();

  /**
   * Takes a raw query string apart.
   *
   * @param known the parameters that there are
   */
  Query(String raw, Set<String> known) throws BadQuery {
    String[] pairs = raw.split("&", MAX_PAIRS + 1);
    if (pairs.length > MAX_PAIRS) {
      throw new BadQuery("more than " + MAX_PAIRS + " parameters");
    }
    for (String pair : pairs) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals));
      if (!known.contains(name)) {
        throw new BadQuery("unknown parameter; known are " + String.join(", ", known));
      }
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
      if (parameters.putIfAbsent(name, value) != null) {
        throw new BadQuery("parameter '" + name + "' is given twice");
      }
    }
  }

  @Nullable String get(String name) {
    return parameters.get(name);
  }

  private static String decode(String text) throws BadQuery {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new BadQuery("the query is not URL-encoded");
    }
  }
}
