package io.seccompwatch.node;

import java.nio.file.Path;

/** auditd's log as the kernel worded it. */
class AuditdRawTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws Exception {
    return Auditd.start(directory, Auditd.Format.RAW);
  }
}
