package io.seccompwatch.source;

/** Where a {@link KmsgReader} begins in the kernel's ring. */
public sealed interface KmsgStart {

  /** With the first record written after the device was opened. */
  record End() implements KmsgStart {}

  /** With the oldest record that the ring still holds. */
  record Beginning() implements KmsgStart {}

  /**
   * With the oldest record that the ring still holds, because it is not known how far it was read:
   * when the ring has overwritten records, one counts as lost.
   */
  record Oldest() implements KmsgStart {}

  /** With the first record after the last {@code dmesg --clear}; else the oldest. */
  record AfterClear() implements KmsgStart {}

  /**
   * Behind a record handled earlier. What the ring has lost since then is counted as lost. After a
   * reboot nothing of the ring was handled: it is read whole, and what it lost since boot counted.
   *
   * @param sequence of the last record handled; -1 for none of that boot
   * @param bootId the boot that the sequence belongs to
   */
  record After(long sequence, String bootId) implements KmsgStart {}
}
