package io.seccompwatch.record;

import org.jspecify.annotations.Nullable;

/**
 * One seccomp audit record (type 1326) as the kernel wrote it, before anything is added ({@code
 * kernel/auditsc.c}, {@code audit_log_task} and {@code audit_seccomp}). Strings are decoded; {@code
 * comm}, {@code exe} and {@code label} are chosen by the process and hostile.
 *
 * @param stamp time and serial; null in journald's {@code audit[PID]: SECCOMP} form
 * @param auid login user, {@link #UNSET} when none
 * @param uid real user, in the initial user namespace
 * @param gid real group, in the initial user namespace
 * @param session audit session, {@link #UNSET} when none
 * @param label the LSM label ({@code subj=}); null when the field is not there
 * @param pid thread-group id in the initial PID namespace
 * @param comm name of the thread, at most 15 bytes; null for the kernel's {@code (null)}
 * @param exe path of the executable inside its own root; null on kernels before 3.14
 * @param signal the signal that was sent, 0 for none
 * @param archToken the {@code arch=} field; 0 with {@code hasArch} false on kernels before 3.16
 * @param hasArch whether the record names its architecture
 * @param syscall the call's number as the kernel saw it, x32's bit 30 included; may be -1, as it is
 *     in a cut record that does not name it
 * @param compat 1 when the call was a compat call
 * @param ip the instruction pointer, unsigned
 * @param code the filter's return value; see {@link SeccompAction}
 * @param extent how much of the record its line held; the fields beyond have no meaning
 */
public record SeccompRecord(
    @Nullable AuditStamp stamp,
    long auid,
    long uid,
    long gid,
    long session,
    @Nullable String label,
    int pid,
    @Nullable String comm,
    @Nullable String exe,
    int signal,
    int archToken,
    boolean hasArch,
    long syscall,
    int compat,
    long ip,
    int code,
    Extent extent) {

  /**
   * Names the last field that a line held in full. printk and syslog daemons cut long lines: a path
   * of some 700 bytes is enough to push the fields behind it out of the line.
   */
  public enum Extent {
    /** The PID, and {@code comm} and {@code exe} where they are not null. */
    PROCESS,
    /** {@code sig}. */
    SIGNAL,
    /** {@code syscall}, and {@code arch} where the kernel prints one. */
    CALL,
    /** {@code code}, the last of all. */
    WHOLE
  }

  /** What the kernel prints for an id that is not set: {@code (u32) -1}. */
  public static final long UNSET = 4294967295L;

  /** A whole record. */
  public SeccompRecord(
      @Nullable AuditStamp stamp,
      long auid,
      long uid,
      long gid,
      long session,
      @Nullable String label,
      int pid,
      @Nullable String comm,
      @Nullable String exe,
      int signal,
      int archToken,
      boolean hasArch,
      long syscall,
      int compat,
      long ip,
      int code) {
    this(
        stamp,
        auid,
        uid,
        gid,
        session,
        label,
        pid,
        comm,
        exe,
        signal,
        archToken,
        hasArch,
        syscall,
        compat,
        ip,
        code,
        Extent.WHOLE);
  }

  /** Whether the line held all of the record. */
  public boolean isWhole() {
    return extent == Extent.WHOLE;
  }

  /** Whether {@link #signal} is known. */
  public boolean hasSignal() {
    return extent.compareTo(Extent.SIGNAL) >= 0;
  }

  /** Whether {@link #syscall} is known. */
  public boolean hasSyscall() {
    return extent.compareTo(Extent.CALL) >= 0;
  }

  /** The call's number for a reader, {@code unknown} where a cut record does not name it. */
  public String syscallText() {
    return hasSyscall() ? Long.toString(syscall) : "unknown";
  }

  /** The ABI of the call. */
  public AuditArch arch() {
    return hasArch ? AuditArch.of(archToken, syscall) : AuditArch.UNKNOWN;
  }

  /** How many characters its strings have, all of them chosen by whoever wrote the record. */
  public int textLength() {
    return length(comm) + length(exe) + length(label);
  }

  private static int length(@Nullable String text) {
    return text == null ? 0 : text.length();
  }

  /** What the filter did; {@link SeccompAction#UNKNOWN} for a cut record. */
  public SeccompAction action() {
    return isWhole() ? SeccompAction.of(code) : SeccompAction.UNKNOWN;
  }
}
