package io.seccompwatch.pipeline;

/**
 * A set of (time, serial) pairs in one {@code long} each: the serial's 32 bits and the lower 32 of
 * the time in milliseconds, so that two pairs are taken for one only when they are a multiple of
 * 49.7 days apart and have the same serial. Open addressing with linear probing; it grows by
 * doubling and is full at its capacity. Not thread-safe.
 */
final class StampSet {

  private static final int FIRST_SLOTS = 256;

  private final int capacity;

  /** The pairs; 0 marks a free slot. */
  private long[] slots = new long[FIRST_SLOTS];

  /** Whether the one pair is there that looks like a free slot. */
  private boolean zero;

  private int size;

  StampSet(int capacity) {
    this.capacity = capacity;
  }

  boolean isFull() {
    return size >= capacity;
  }

  boolean contains(long pair) {
    return pair == 0 ? zero : slots[slot(pair)] != 0;
  }

  /** Whether the pair was not there before. */
  boolean add(long pair) {
    if (pair == 0) {
      boolean added = !zero;
      zero = true;
      return added;
    }
    if (2 * (size + 1) > slots.length) {
      grow();
    }
    int slot = slot(pair);
    if (slots[slot] != 0) {
      return false;
    }
    slots[slot] = pair;
    size++;
    return true;
  }

  /** Packs a time in milliseconds and a serial. */
  static long pair(long time, long serial) {
    return time << 32 | (serial & 0xffffffffL);
  }

  /** Where the pair is, or the free slot where it belongs. */
  private int slot(long pair) {
    int mask = slots.length - 1;
    int slot = (int) (((pair ^ pair >>> 32) * 0x9e3779b97f4a7c15L) >>> 40) & mask;
    while (slots[slot] != 0 && slots[slot] != pair) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    long[] old = slots;
    slots = new long[2 * old.length];
    for (long pair : old) {
      if (pair != 0) {
        slots[slot(pair)] = pair;
      }
    }
  }
}
