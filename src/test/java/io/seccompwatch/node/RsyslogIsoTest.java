package io.seccompwatch.node;

import java.nio.file.Path;

/** rsyslog's file with whole time stamps. */
class RsyslogIsoTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws Exception {
    return Rsyslog.start(directory, Rsyslog.Template.ISO);
  }
}
