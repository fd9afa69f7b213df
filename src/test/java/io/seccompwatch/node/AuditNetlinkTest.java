package io.seccompwatch.node;

import java.nio.file.Path;

/** The kernel's audit socket, on a node without any daemon. */
class AuditNetlinkTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) {
    KernelLog.awaitNoDaemon();
    return RecordWriter.auditSocket(() -> {});
  }
}
