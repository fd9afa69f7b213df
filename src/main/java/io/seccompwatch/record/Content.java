package io.seccompwatch.record;

import org.jspecify.annotations.Nullable;

/**
 * A record's content without its stamp, as 128 bits: the strings themselves are long and hostile,
 * and thousands of them would fill the heap.
 */
record Content(long high, long low) {

  static Content of(SeccompRecord record) {
    return new Content(hash(record, 0x9e3779b97f4a7c15L), hash(record, 0xc2b2ae3d27d4eb4fL));
  }

  private static long hash(SeccompRecord r, long seed) {
    long hash = mix(mix(mix(mix(seed, r.auid()), r.uid()), r.gid()), r.session());
    hash = mix(mix(mix(mix(hash, r.pid()), r.signal()), r.archToken()), r.syscall());
    hash = mix(mix(mix(hash, r.compat()), r.ip()), r.code());
    return mix(mix(mix(hash, r.comm()), r.exe()), r.label());
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
