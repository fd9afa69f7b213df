package io.seccompwatch.config;

import java.util.Collection;
import java.util.Optional;

/**
 * Finds the known word that a mistyped one was meant to be, for the "did you mean" of an error.
 * Stateless.
 */
public final class NearestWord {

  /** Longer words are not compared: the comparison takes the product of both lengths. */
  private static final int MAX_LENGTH = 64;

  private NearestWord() {}

  /**
   * Returns the known word with the fewest edits (a letter added, dropped, replaced, or two
   * neighbours exchanged); empty when the nearest differs in more than a third of its letters.
   */
  public static Optional<String> of(String word, Collection<String> known) {
    String best = null;
    int fewest = Integer.MAX_VALUE;
    for (String candidate : known) {
      int edits = edits(word, candidate);
      if (edits < fewest && edits <= Math.max(1, candidate.length() / 3)) {
        best = candidate;
        fewest = edits;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Returns "did you mean 'x'? ", to be put before a remedy; empty without a near word. */
  public static String hint(String word, Collection<String> known) {
    return of(word, known).map(near -> "did you mean '" + near + "'? ").orElse("");
  }

  /** The optimal string alignment distance (Damerau and Levenshtein). */
  private static int edits(String a, String b) {
    if (a.length() > MAX_LENGTH || b.length() > MAX_LENGTH) {
      return a.equals(b) ? 0 : Integer.MAX_VALUE;
    }
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        cost[i][j] = i == 0 || j == 0 ? i + j : least(cost, a, b, i, j);
      }
    }
    return cost[a.length()][b.length()];
  }

  private static int least(int[][] cost, String a, String b, int i, int j) {
    int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
    int least = Math.min(cost[i - 1][j - 1] + same, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
    boolean exchanged =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return exchanged ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
  }
}
