package io.seccompwatch.testing;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import org.jspecify.annotations.Nullable;

/** Violations to test with: one whole one, and variations of it. */
public final class Samples {

  /** {@code SECCOMP_RET_ERRNO}. */
  public static final int ERRNO = 0x50000;

  /** {@code SECCOMP_RET_LOG}. */
  public static final int LOG = 0x7ffc0000;

  /** {@code AUDIT_ARCH_X86_64}. */
  public static final int X86_64 = 0xc000003e;

  private Samples() {}

  /** A record whose stamp has this serial. */
  public static SeccompRecord record(long serial, int code, @Nullable String comm) {
    return record(
        new AuditStamp(1_795_342_823L, 836, 3, serial), X86_64, 165, code, comm, "/bin/kc");
  }

  /** A record of any call. */
  public static SeccompRecord record(
      @Nullable AuditStamp stamp,
      int archToken,
      long syscall,
      int code,
      @Nullable String comm,
      @Nullable String exe) {
    return new SeccompRecord(
        stamp,
        SeccompRecord.UNSET,
        0,
        0,
        SeccompRecord.UNSET,
        null,
        7355,
        comm,
        exe,
        0,
        archToken,
        true,
        syscall,
        0,
        0x439fea,
        code);
  }

  /** A violation of mount, denied, of a container that Kubernetes has named. */
  public static Violation denied(long serial) {
    return violation(record(serial, ERRNO, "kc"), workload("api-7d9f-x2x"));
  }

  /** The same, logged only. */
  public static Violation logged(long serial) {
    return violation(record(serial, LOG, "kc"), workload("api-7d9f-x2x"));
  }

  /** A denial in this pod. */
  public static Violation deniedIn(String pod) {
    return violation(record(1, ERRNO, "kc"), workload(pod));
  }

  /** A container that Kubernetes has named. */
  public static Attribution workload(String pod) {
    return new Attribution(
        Outcome.CONTAINER,
        Evidence.PROCFS,
        null,
        "uid-of-" + pod,
        "containerd://id-of-" + pod,
        new Workload(
            "prod",
            pod,
            "app",
            null,
            "registry.example/app:1",
            "Deployment",
            "api",
            new SeccompProfile("RuntimeDefault", null)));
  }

  /** Nobody's. */
  public static Attribution unknown() {
    return Attribution.unknown(AttributionReason.PROCESS_GONE);
  }

  /** A record as a violation, its call named mount. */
  public static Violation violation(SeccompRecord record, Attribution attribution) {
    return violation(record, "mount", attribution);
  }

  /** A record as a violation. */
  public static Violation violation(
      SeccompRecord record, @Nullable String syscallName, Attribution attribution) {
    return new Violation(
        record,
        record.stamp() == null ? null : record.stamp().time(),
        "audit-log",
        "n1",
        syscallName,
        attribution);
  }
}
