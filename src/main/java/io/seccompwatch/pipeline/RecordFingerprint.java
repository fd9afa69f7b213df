package io.seccompwatch.pipeline;

import io.seccompwatch.record.SeccompRecord;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A record's content without its stamp, as 128 bits: the strings themselves are long and hostile,
 * and thousands of them would fill the heap. Of a record that is cut, or is so long that another
 * way may have cut it, only what stands before {@code exe}: both are then of one content.
 */
record RecordFingerprint(long high, long low) {

  /**
   * How many bytes of strings a record has at least that was cut by printk: 960 less 270, the most
   * that all else takes; and some less.
   */
  private static final int MAY_BE_CUT = 600;

  static RecordFingerprint of(SeccompRecord record) {
    return new RecordFingerprint(
        hash(record, 0x9e3779b97f4a7c15L), hash(record, 0xc2b2ae3d27d4eb4fL));
  }

  private static long hash(SeccompRecord r, long seed) {
    long hash = mix(mix(mix(mix(seed, r.auid()), r.uid()), r.gid()), r.session());
    if (!r.isWhole() || isLong(r)) {
      return mix(mix(mix(hash, r.pid()), r.comm()), r.label());
    }
    hash = mix(mix(mix(mix(hash, r.pid()), r.signal()), r.archToken()), r.syscall());
    hash = mix(mix(mix(hash, r.compat()), r.ip()), r.code());
    return mix(mix(mix(hash, r.comm()), r.exe()), r.label());
  }

  private static boolean isLong(SeccompRecord r) {
    int longest = 6 * r.textLength(); // a character is three bytes at most, in hex six
    return longest >= MAY_BE_CUT
        && printed(r.comm()) + printed(r.exe()) + printed(r.label()) >= MAY_BE_CUT;
  }

  /** How many bytes the kernel writes at most for a string. */
  private static int printed(@Nullable String text) {
    if (text == null) {
      return 0;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      if (b < 0x21 || b == '"' || b == 0x7f) {
        return 2 * bytes.length;
      }
    }
    return bytes.length;
  }

  private static long mix(long hash, @Nullable String text) {
    long mixed = mix(hash, text == null ? -1 : text.length());
    for (int i = 0; text != null && i < text.length(); i++) {
      mixed = mix(mixed, text.charAt(i));
    }
    return mixed;
  }

  /** The finalizer of MurmurHash3 over the sum so far. */
  private static long mix(long hash, long value) {
    long mixed = hash * 31 + value;
    mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
    return mixed ^ mixed >>> 29;
  }
}
