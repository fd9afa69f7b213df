package io.seccompwatch.config;

import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The name of a canary's thread, by which its record is known: {@code swc}, a key, and a counter,
 * together the 15 bytes of a comm. Whoever fires one with the key of a running agent fires a canary
 * of that agent's, which it does not take for a workload's call.
 *
 * @param key secret, {@link #KEY_LENGTH} letters
 * @param kept whether it is the key of the state directory
 */
public record CanaryName(String key, boolean kept) {

  /** Letters of the key. */
  public static final int KEY_LENGTH = 8;

  private static final String PREFIX = "swc";
  private static final int COUNTER_LENGTH = 4;
  private static final int COUNTER_RADIX = 36;

  /** How many counters there are. */
  public static final long COUNTERS = 36 * 36 * 36 * 36;

  /** The name of a state directory's agent, or one of a random key; nothing is written. */
  public static CanaryName of(Path stateDirectory) {
    String kept = StateDirectory.keptKey(stateDirectory, KEY_LENGTH);
    return kept == null
        ? new CanaryName(StateDirectory.randomKey(KEY_LENGTH), false)
        : new CanaryName(kept, true);
  }

  /** The name of one firing. */
  public String comm(long number) {
    String digits =
        Long.toString(Math.floorMod(number, COUNTERS), COUNTER_RADIX).toLowerCase(Locale.ROOT);
    return PREFIX + key + "0".repeat(COUNTER_LENGTH - digits.length()) + digits;
  }

  /** Whether a name is one of this key's. */
  public boolean owns(@Nullable String comm) {
    return comm != null
        && comm.length() == PREFIX.length() + KEY_LENGTH + COUNTER_LENGTH
        && comm.startsWith(PREFIX + key);
  }
}
