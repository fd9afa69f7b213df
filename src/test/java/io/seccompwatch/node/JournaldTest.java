package io.seccompwatch.node;

import java.nio.file.Path;

/** A syslog file that journald feeds by way of rsyslog's imjournal. */
class JournaldTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws Exception {
    return Journald.start(directory);
  }
}
