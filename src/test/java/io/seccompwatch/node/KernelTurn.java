package io.seccompwatch.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives each class of node tests the kernel for itself among all runs of these tests on the
 * machine: there is one audit socket, and an auditd of one run takes another's records away from
 * the kernel's log. The lock is a file's, so that a run that is killed lets go of it.
 */
final class KernelTurn implements BeforeAllCallback, AfterAllCallback {

  private static final Path LOCK =
      Path.of(System.getProperty("java.io.tmpdir"), "seccomp-watch-node-tests.lock");

  /** Some classes of another run may be before this one. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private @Nullable FileChannel channel;

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    Command.needsRoot();
    FileChannel opened =
        FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel = opened;
    FileLock held =
        Await.value(
            "this run's turn: another one holds " + LOCK,
            PATIENCE,
            () -> Optional.ofNullable(opened.tryLock()),
            () -> "");
    if (!held.isValid()) {
      throw new AssertionError("lost the lock " + LOCK);
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (channel != null) {
      channel.close();
    }
  }
}
