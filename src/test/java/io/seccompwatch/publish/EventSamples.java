package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.X86_64;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.violation.Violation;
import org.jspecify.annotations.Nullable;

/** Violations of pods that the API knows. */
final class EventSamples {

  private EventSamples() {}

  /** A container of a pod whose UID is made of its name. */
  static Attribution in(
      String namespace, String pod, @Nullable String container, @Nullable ContainerType type) {
    return new Attribution(
        Outcome.CONTAINER,
        Evidence.PROCFS,
        null,
        "uid-of-" + pod,
        "containerd://id",
        new Workload(namespace, pod, container, type, null, null, null, null));
  }

  /** {@code keyctl} by {@code myapp}, denied with errno. */
  static Violation denied(Attribution attribution) {
    return violation(attribution, 250, "keyctl", ERRNO, "myapp");
  }

  /** {@code keyctl} in this pod's container {@code app}. */
  static Violation denied(String pod) {
    return denied(in("prod", pod, "app", ContainerType.CONTAINER));
  }

  /** A call without a name in the pod {@code web-1}. */
  static Violation denied(long syscall) {
    return violation(
        in("prod", "web-1", "app", ContainerType.CONTAINER), syscall, null, ERRNO, "myapp");
  }

  static Violation violation(
      Attribution attribution,
      long syscall,
      @Nullable String name,
      int code,
      @Nullable String comm) {
    AuditStamp stamp = new AuditStamp(1_795_342_823L, 836, 3, 1);
    return Samples.violation(
        Samples.record(stamp, X86_64, syscall, code, comm, "/bin/kc"), name, attribution);
  }
}
