package io.seccompwatch.record;

import io.seccompwatch.record.Line.LineForm;
import java.util.Set;

/**
 * Which line forms a source may contain. A form that does not belong to its source is not looked
 * at: a syslog line in audit.log, say, is somebody's forgery.
 */
public enum Dialect {
  /** auditd's own log file. */
  AUDIT_LOG(LineForm.AUDITD),
  /** A file that rsyslog or syslog-ng writes. */
  SYSLOG(LineForm.SYSLOG_KERNEL, LineForm.JOURNALD, LineForm.AUDISP),
  /** {@code /dev/kmsg}. */
  KMSG(LineForm.KMSG),
  /** Messages of type 1326 of the kernel's audit socket, which are in no file. */
  AUDIT_NETLINK(LineForm.NETLINK),
  /**
   * Every form that a file may hold: for lines whose origin the user vouches for, as {@code replay}
   * reads them.
   */
  ANY(
      LineForm.AUDITD,
      LineForm.KMSG,
      LineForm.KERNEL_TEXT,
      LineForm.SYSLOG_KERNEL,
      LineForm.JOURNALD,
      LineForm.AUDISP);

  @SuppressWarnings("ImmutableEnumChecker") // Set.copyOf cannot be changed
  private final Set<LineForm> forms;

  Dialect(LineForm... forms) {
    this.forms = Set.of(forms);
  }

  /** Whether a line of this form may count. */
  public boolean has(LineForm form) {
    return forms.contains(form);
  }
}
