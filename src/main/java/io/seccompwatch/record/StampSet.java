package io.seccompwatch.record;

/**
 * A set of (time, serial) pairs without an object for each: open addressing with linear probing. It
 * grows by doubling and is full at its capacity. Not thread-safe.
 */
final class StampSet {

  private static final int FIRST_SLOTS = 256;

  private final int capacity;
  private long[] millis = new long[FIRST_SLOTS];

  /** Serial + 1, so that 0 marks a free slot. */
  private long[] serials = new long[FIRST_SLOTS];

  private int size;

  StampSet(int capacity) {
    this.capacity = capacity;
  }

  boolean isFull() {
    return size >= capacity;
  }

  boolean contains(long time, long serial) {
    return serials[slot(time, serial)] != 0;
  }

  /** Whether the pair was not there before. */
  boolean add(long time, long serial) {
    if (2 * (size + 1) > serials.length) {
      grow();
    }
    int slot = slot(time, serial);
    if (serials[slot] != 0) {
      return false;
    }
    millis[slot] = time;
    serials[slot] = serial + 1;
    size++;
    return true;
  }

  /** Where the pair is, or the free slot where it belongs. */
  private int slot(long time, long serial) {
    int mask = serials.length - 1;
    long hash = (time * 31 + serial) * 0x9e3779b97f4a7c15L;
    int slot = (int) (hash >>> 40) & mask;
    while (serials[slot] != 0 && (serials[slot] != serial + 1 || millis[slot] != time)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    long[] oldMillis = millis;
    long[] oldSerials = serials;
    millis = new long[2 * oldMillis.length];
    serials = new long[2 * oldSerials.length];
    for (int i = 0; i < oldSerials.length; i++) {
      if (oldSerials[i] != 0) {
        int slot = slot(oldMillis[i], oldSerials[i] - 1);
        millis[slot] = oldMillis[i];
        serials[slot] = oldSerials[i];
      }
    }
  }
}
