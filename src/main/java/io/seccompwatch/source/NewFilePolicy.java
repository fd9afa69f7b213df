package io.seccompwatch.source;

import io.seccompwatch.source.Siblings.Candidate;
import java.io.IOException;
import java.time.Instant;

/**
 * Judges files that hold nothing known: how much of them counts as read, and whether they may yet
 * turn out to be a copy of something known.
 *
 * @param since siblings that were last written earlier count as read
 */
record NewFilePolicy(KnownLogs ledger, Baseline baseline, Instant since) {

  private static final int LAST_LINE_BYTES = 64 << 10;

  /** What of the files that are not known counts as read. */
  enum Baseline {
    /** Everything: following starts at the present end. */
    ALL,
    /** What was rotated away: following starts with the present file. */
    SIBLINGS,
    /** Nothing: what is not known was made since. */
    NONE
  }

  boolean countsAsRead(Candidate candidate) {
    boolean before =
        switch (baseline) {
          case ALL -> true;
          case SIBLINGS -> !candidate.current();
          case NONE -> !candidate.current() && candidate.stat().modified().isBefore(since);
        };
    return before || candidate.foreign();
  }

  /** Whether it is so short that it may be a copy just begun of something known. */
  boolean isBeginningOfKnown(Candidate candidate, LogContent content) throws IOException {
    if (ledger.blank(candidate.stat().identity()) != null) {
      return false; // it was there before it held anything: no copy
    }
    byte[] bytes = new byte[Generation.TELLING_BYTES];
    int length = content.read(0, bytes, 0, bytes.length);
    return !candidate.current() && length < bytes.length && ledger.anyBeginsWith(bytes, length);
  }

  /** A run for it, which stands where reading is to begin. */
  Generation runOf(Candidate candidate, LogContent content) throws IOException {
    if (countsAsRead(candidate)) {
      return readAlready(candidate, content);
    }
    Generation run = Generation.unread(candidate.stat().identity());
    run.learnHead(content);
    return run;
  }

  private static Generation readAlready(Candidate candidate, LogContent content)
      throws IOException {
    long size = candidate.compressed() ? Generation.ALL : candidate.stat().size();
    Generation run = Generation.readTo(candidate.stat().identity(), size);
    run.learnHead(content);
    if (!candidate.compressed()) {
      run.rewind(content, candidate.current() ? lastLineEnd(content, size) : size);
    }
    return run;
  }

  /** The end of the last whole line: a line that is half written at the start is still read. */
  private static long lastLineEnd(LogContent content, long size) throws IOException {
    byte[] last = new byte[(int) Math.min(size, LAST_LINE_BYTES)];
    int length = content.read(size - last.length, last, 0, last.length);
    for (int i = length; i > 0; i--) {
      if (last[i - 1] == '\n') {
        return size - last.length + i;
      }
    }
    return length == size ? 0 : size;
  }
}
