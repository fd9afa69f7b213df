package io.seccompwatch.benchmark;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes seccomp records at a steady pace as auditd would, each stamped with the moment that it is
 * written at and with a serial of its own. A fifth names this very process, the others processes
 * that are gone; ten calls, three actions.
 */
final class RecordWriter {

  private static final String[] CODES = {"0x50000", "0x7ffc0000", "0x80000000"};

  private final OutputStream out;
  private final long self = ProcessHandle.current().pid();
  private final StringBuilder text = new StringBuilder();
  private long written;

  RecordWriter(Path file) throws IOException {
    out = Files.newOutputStream(file);
  }

  long written() {
    return written;
  }

  /** Writes for so long; what is late for its moment is written as soon as can be. */
  void run(long perSecond, int seconds) throws IOException {
    long start = System.nanoTime();
    long total = perSecond * seconds;
    while (written < total) {
      long due = (long) ((System.nanoTime() - start) / 1e9 * perSecond);
      long now = System.currentTimeMillis();
      text.setLength(0);
      for (long left = Math.min(due, total) - written;
          left > 0 && text.length() < 1 << 17;
          left--) {
        record(now);
      }
      if (text.isEmpty()) {
        LockSupport.parkNanos(500_000);
      } else {
        out.write(text.toString().getBytes(StandardCharsets.US_ASCII));
      }
    }
    out.close();
  }

  private void record(long now) {
    long serial = ++written;
    text.append("type=SECCOMP msg=audit(").append(now / 1_000).append('.');
    text.append(Long.toString(1_000 + now % 1_000), 1, 4).append(':').append(serial);
    text.append("): auid=4294967295 uid=0 gid=0 ses=4294967295 subj=unconfined pid=");
    text.append(serial % 5 == 0 ? self : 5_000_000 + serial % 1_000);
    text.append(" comm=\"storm\" exe=\"/usr/bin/storm\" sig=0 arch=c000003e syscall=");
    text.append(160 + serial % 10).append(" compat=0 ip=0x7f21a3fc6829 code=");
    text.append(CODES[(int) (serial % CODES.length)]).append('\n');
  }
}
