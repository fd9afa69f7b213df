package io.seccompwatch.node;

import java.nio.file.Path;

/** auditd's log with names added to each line, as distributions set it up. */
class AuditdEnrichedTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws Exception {
    return Auditd.start(directory, Auditd.Format.ENRICHED);
  }
}
