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
 * @param syscall the call's number as the kernel saw it, x32's bit 30 included; may be -1
 * @param compat 1 when the call was a compat call
 * @param ip the instruction pointer, unsigned
 * @param code the filter's return value; see {@link SeccompAction}
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
    int code) {

  /** What the kernel prints for an id that is not set: {@code (u32) -1}. */
  public static final long UNSET = 4294967295L;

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

  /** What the filter did. */
  public SeccompAction action() {
    return SeccompAction.of(code);
  }
}
