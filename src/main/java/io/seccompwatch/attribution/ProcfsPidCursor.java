package io.seccompwatch.attribution;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The cursor of the PID namespace that a procfs shows. In that namespace itself ({@code hostPID})
 * {@code <proc>/loadavg} ends with the last PID given; elsewhere that file tells of the reader's
 * own namespace, and a thread is made instead, whose number {@code <proc>/thread-self} names in the
 * namespace of the mount ({@code fs/proc/thread_self.c}). About 6 and 100 µs. Safe for any number
 * of threads.
 */
public final class ProcfsPidCursor implements PidCursor {

  /** {@code PID_MAX_DEFAULT}: an administrator may set less, nobody does. */
  private static final int LEAST_LIMIT = 32_768;

  private final Path loadavg;
  private final Path threadSelf;
  private final Path pidMax;
  private final boolean sharesNamespace;
  private final AtomicInteger highest = new AtomicInteger();

  /**
   * A cursor over a procfs.
   *
   * @param proc the procfs; when it lacks the files, every answer is {@link #UNKNOWN}
   */
  public ProcfsPidCursor(Path proc) {
    this(proc, sharesNamespace(proc.resolve("self").resolve("status")));
  }

  ProcfsPidCursor(Path proc, boolean sharesNamespace) {
    this.loadavg = proc.resolve("loadavg");
    this.threadSelf = proc.resolve("thread-self");
    this.pidMax = proc.resolve("sys").resolve("kernel").resolve("pid_max");
    this.sharesNamespace = sharesNamespace;
  }

  @Override
  public int next() {
    int last = sharesNamespace ? lastWord(text(loadavg), ' ') : ownNewThread();
    if (last < 0) {
      return UNKNOWN;
    }
    highest.accumulateAndGet(last, Math::max);
    return last + 1;
  }

  /**
   * Since Linux 6.14 {@code pid_max} belongs to the reader's namespace, not to that of the procfs;
   * from another namespace only what was seen is certain.
   */
  @Override
  public int limit() {
    int limit = lastWord(text(pidMax), ' ');
    int certain = Math.max(LEAST_LIMIT, highest.get() + 1);
    return sharesNamespace || limit < 0 ? limit : Math.min(limit, certain);
  }

  private int ownNewThread() {
    AtomicInteger tid = new AtomicInteger(UNKNOWN);
    Thread thread =
        Thread.ofPlatform().name("pid-cursor").daemon().unstarted(() -> tid.set(readThreadSelf()));
    try {
      thread.start();
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    } catch (OutOfMemoryError e) {
      // What the JVM throws at a limit of threads; the agent goes on without history.
      return UNKNOWN;
    }
    return tid.get();
  }

  /** {@code <tgid>/task/<tid>}. */
  private int readThreadSelf() {
    try {
      return lastWord(Files.readSymbolicLink(threadSelf).toString(), '/');
    } catch (IOException | UnsupportedOperationException e) {
      return UNKNOWN;
    }
  }

  /**
   * {@code NSpid:} of proc_pid_status(5) has one number when reader and mount share a namespace.
   */
  static boolean sharesNamespace(Path status) {
    String text = text(status);
    int at = text == null ? -1 : text.indexOf("\nNSpid:");
    if (text == null || at < 0) {
      return false;
    }
    int from = at + "\nNSpid:".length();
    int end = text.indexOf('\n', from);
    String numbers = text.substring(from, end < 0 ? text.length() : end).strip();
    return !numbers.isEmpty() && CgroupNames.isDigits(numbers, 0);
  }

  private static int lastWord(@Nullable String text, char separator) {
    if (text == null) {
      return UNKNOWN;
    }
    String line = text.strip();
    String word = line.substring(line.lastIndexOf(separator) + 1);
    return word.length() <= 9 && CgroupNames.isDigits(word, 0) ? Integer.parseInt(word) : UNKNOWN;
  }

  /**
   * Sysctl files give everything to the first read and nothing to a second ({@code
   * kernel/sysctl.c}), and {@code Files.readAllBytes} begins with one byte.
   */
  private static @Nullable String text(Path file) {
    byte[] text = new byte[4_096];
    try (InputStream in = Files.newInputStream(file)) {
      return new String(text, 0, in.readNBytes(text, 0, text.length), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return null;
    }
  }
}
