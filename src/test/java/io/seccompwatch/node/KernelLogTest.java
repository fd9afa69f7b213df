package io.seccompwatch.node;

import java.nio.file.Path;

/** The kernel's log itself, on a node without any daemon. */
class KernelLogTest extends SourceContract {

  @Override
  RecordWriter write(Path directory) {
    return RecordWriter.kernelLog();
  }
}
