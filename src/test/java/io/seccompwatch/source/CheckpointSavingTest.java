package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.source.CheckpointStore.CheckpointSaving;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saving on a thread of its own; every wait is for a condition, and ends with the thread's work.
 */
@Timeout(30)
class CheckpointSavingTest {

  @TempDir Path temp;

  private final ExecutorService saver = Executors.newSingleThreadExecutor();

  @AfterEach
  void stopTheSaver() {
    saver.shutdownNow();
  }

  @Test
  void aCheckpointIsSavedOnTheOtherThread() throws Exception {
    CheckpointSaving saving = saving();
    saving.later(checkpoint("first"));
    awaitSaver();
    assertThat(saved()).isEqualTo(checkpoint("first"));
    assertThat(saving.warning()).isNull();
  }

  @Test
  void ofCheckpointsThatWaitOnlyTheLatestIsSaved() throws Exception {
    CheckpointSaving saving = saving();
    CountDownLatch release = holdTheSaver();
    saving.later(checkpoint("first"));
    saving.later(checkpoint("second"));
    assertThat(saved()).as("the caller does not wait for the disk").isNull();
    release.countDown();
    awaitSaver();
    assertThat(saved()).isEqualTo(checkpoint("second"));
  }

  @Test
  void whatStillWaitsDoesNotReplaceTheLast() throws Exception {
    CheckpointSaving saving = saving();
    CountDownLatch release = holdTheSaver();
    saving.later(checkpoint("first"));
    saving.last(checkpoint("last"));
    assertThat(saved()).isEqualTo(checkpoint("last"));
    saving.later(checkpoint("after the last"));
    release.countDown();
    awaitSaver();
    assertThat(saved()).isEqualTo(checkpoint("last"));
  }

  @Test
  void aLastWithoutACheckpointSavesWhatWaits() throws Exception {
    CheckpointSaving saving = saving();
    CountDownLatch release = holdTheSaver();
    saving.later(checkpoint("first"));
    saving.last(null);
    assertThat(saved()).isEqualTo(checkpoint("first"));
    release.countDown();
  }

  @Test
  void aSaverThatWasShutDownFirstLosesNothing() {
    CheckpointSaving saving = saving();
    saver.shutdown();
    saving.later(checkpoint("first"));
    assertThat(saved()).isEqualTo(checkpoint("first"));
  }

  @Test
  void aFailureIsToldUntilOneIsSaved() throws Exception {
    Path blocked = Files.createFile(temp.resolve("state"));
    CheckpointSaving saving = saving();
    saving.later(checkpoint("first"));
    awaitSaver();
    assertThat(saving.warning()).contains("the state directory is no directory");
    Files.delete(blocked);
    saving.later(checkpoint("second"));
    awaitSaver();
    assertThat(saving.warning()).isNull();
    assertThat(saved()).isEqualTo(checkpoint("second"));
  }

  private CheckpointSaving saving() {
    return new CheckpointSaving(store(), "audit-log", saver);
  }

  private CheckpointStore store() {
    return new CheckpointStore(temp.resolve("state"), null);
  }

  private @Nullable Checkpoint saved() {
    return store().load("audit-log").checkpoint();
  }

  /** Keeps the saver busy until it is released. */
  private CountDownLatch holdTheSaver() {
    CountDownLatch release = new CountDownLatch(1);
    saver.execute(
        () -> {
          try {
            release.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    return release;
  }

  /** One thread does its work in order: what was handed to it before this has been done after. */
  private void awaitSaver() throws Exception {
    saver.submit(() -> {}).get(20, TimeUnit.SECONDS);
  }

  private static Checkpoint checkpoint(String name) {
    return new Checkpoint(Path.of("/var/log", name), List.of());
  }
}
