package io.seccompwatch.node;

import java.nio.file.Path;

/** rsyslog's file in the template of old. */
class RsyslogTraditionalTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) throws Exception {
    return Rsyslog.start(directory, Rsyslog.Template.TRADITIONAL);
  }
}
