package io.seccompwatch.node;

import java.io.IOException;
import java.nio.file.Path;

/** The kernel's audit socket, while auditd takes the records too. */
class AuditNetlinkBesideAuditdTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws IOException {
    return RecordWriter.auditSocket(Auditd.start(directory, Auditd.Format.RAW));
  }
}
