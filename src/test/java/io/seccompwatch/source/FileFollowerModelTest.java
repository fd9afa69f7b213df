package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.RecordSource.StartAt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random histories of a log, told to a follower and to a model. {@code -Dfollower.sequences=N} runs
 * more of them, {@code -Dfollower.seed=S} starts at another seed; a failure names its seed.
 */
class FileFollowerModelTest {

  private static final long SEQUENCES = Long.getLong("follower.sequences", 400);
  private static final long FIRST_SEED = Long.getLong("follower.seed", 1);

  @TempDir Path temp;

  @Test
  void everyLineIsDeliveredOnceUnlessItsLastCopyWasDestroyed() throws IOException {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
      Path root = Files.createDirectory(temp.resolve("s" + seed));
      History history = new History(root, seed);
      try {
        history.run();
      } catch (AssertionError | RuntimeException e) {
        fail("-Dfollower.seed=%d: %s".formatted(seed, String.join("\n  ", history.model.story)), e);
      } finally {
        history.access.crash();
        FileUtils.deleteQuietly(root.toFile());
      }
    }
  }

  /** One history. */
  private static final class History {

    final Random random;
    final LogModel model;
    final TestAccess access = new TestAccess();
    private final Path state;
    private final RecordingSink sink = new RecordingSink();
    private final Clock clock;
    private final FollowerLimits limits;

    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, Integer> times = new HashMap<>();
    private final Set<Integer> sinceCheckpoint = new HashSet<>();
    private final Set<Integer> mayRepeat = new HashSet<>();
    private String kept = "";
    private int taken;
    private long lostBefore;
    private long nanos;
    private FileFollower follower;

    History(Path root, long seed) throws IOException {
      random = new Random(seed * 0x9e3779b97f4a7c15L);
      model = new LogModel(root, random);
      state = root.resolve("state");
      // A clock far back makes every look at a directory doubtful: each poll looks again.
      clock = seed % 2 == 0 ? Clock.systemUTC() : Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
      int bytesPerPoll = random.nextBoolean() ? 4 << 20 : 1 + random.nextInt(20_000);
      int buffer = random.nextBoolean() ? 128 << 10 : 4096;
      limits =
          new FollowerLimits(
              64 << 10,
              buffer,
              bytesPerPoll,
              Duration.ofSeconds(3),
              Duration.ofSeconds(10),
              Duration.ofSeconds(1),
              64);
      if (random.nextInt(3) > 0) {
        model.append(delivered());
        model.forget(delivered());
      }
      follower = start();
      poll();
    }

    void run() throws IOException {
      int steps = 1 + random.nextInt(60);
      for (int i = 0; i < steps; i++) {
        step(random.nextInt(100));
      }
      if (model.isAway()) {
        model.moveAway();
      }
      access.deny(false);
      for (int i = 0; i < 4; i++) {
        pass(Duration.ofSeconds(20));
        drain();
      }
      model.append(delivered());
      pass(Duration.ofSeconds(20));
      drain();
      check();
      follower.close();
    }

    private void step(int dice) throws IOException {
      if (dice < 26) {
        model.append(delivered());
      } else if (dice < 32) {
        model.appendPart();
      } else if (dice < 55) {
        poll();
      } else if (dice < 58) {
        drain();
      } else if (dice < 66) {
        model.rotate(delivered());
      } else if (dice < 69) {
        model.appendLate();
      } else if (dice < 74) {
        model.copyTruncate(delivered());
      } else if (dice < 76) {
        model.compress(delivered());
      } else if (dice < 78) {
        model.delete(delivered());
      } else if (dice < 79) {
        model.truncate(delivered());
      } else if (dice < 81) {
        model.swapLink(delivered());
      } else if (dice < 83) {
        model.moveAway();
      } else if (dice < 85) {
        access.deny(!access.isDenied());
        model.story.add("deny " + access.isDenied());
      } else if (dice < 89) {
        pass(Duration.ofMillis(random.nextInt(30_000)));
      } else if (dice < 91) {
        sink.failures = 1;
        poll();
        sink.failures = 0;
      } else if (dice < 95) {
        restart();
      } else if (dice < 97) {
        crash();
      } else if (dice < 98) {
        crashWithADamagedCheckpoint();
      } else {
        restartWithoutCheckpoint();
      }
    }

    private FileFollower start() {
      return new FileFollower(
          model.followed(),
          StartAt.CHECKPOINT,
          new CheckpointStore(state, null, false),
          "audit-log",
          sink,
          clock,
          () -> nanos,
          limits,
          Runnable::run,
          access);
    }

    private void poll() throws IOException {
      nanos += 1_000_000;
      boolean failing = sink.failures > 0;
      boolean whole = false;
      try {
        follower.poll();
        whole = true;
      } catch (IllegalStateException e) {
        assertThat(failing).as("only a failing sink may stop a poll").isTrue();
      }
      model.story.add("poll: " + (sink.lines.size() - taken) + " lines");
      polled(whole);
      take();
      noteCheckpoint();
    }

    private void drain() throws IOException {
      nanos += 1_000_000;
      int rounds = 0;
      while (follower.poll()) {
        take();
        noteCheckpoint();
        assertThat(++rounds).as("polls until everything is read").isLessThan(1_000_000);
      }
      model.story.add("drain: " + (sink.lines.size() - taken) + " lines");
      polled(true);
      take();
      noteCheckpoint();
    }

    private void polled(boolean whole) {
      if (whole && !access.isDenied() && !model.isAway()) {
        assertThat(sink.lost - lostBefore)
            .as("losses told of files that went while the agent was down")
            .isGreaterThanOrEqualTo(model.certainlyLost());
      }
      model.polled(access.isDenied(), whole);
    }

    private void pass(Duration time) {
      nanos += time.toNanos();
      model.story.add("pass " + time.toMillis() + " ms");
      if (time.compareTo(limits.lateWrites()) >= 0) {
        model.quiet();
      }
    }

    private void restart() throws IOException {
      follower.close();
      sinceCheckpoint.clear();
      noteCheckpoint();
      begin("restart");
    }

    private void crash() throws IOException {
      mayRepeat.addAll(sinceCheckpoint);
      begin("crash");
    }

    /** It goes on from the checkpoint before, or from the oldest file: everything may repeat. */
    private void crashWithADamagedCheckpoint() throws IOException {
      if (!model.isLinked() && Files.isDirectory(state)) {
        Files.writeString(state.resolve("audit-log.checkpoint"), "damaged");
        mayRepeat.addAll(delivered());
        model.checkpointIsDamaged();
        begin("crash with a damaged checkpoint");
      }
    }

    private void restartWithoutCheckpoint() throws IOException {
      // With its directory out of sight a first start could not tell old lines from new ones.
      if (!model.isAway() && !access.isDenied()) {
        follower.close();
        FileUtils.deleteQuietly(state.toFile());
        begin("restart without checkpoint");
        if (model.isAway()) {
          model.moveAway();
        }
        access.deny(false);
        model.forget(delivered());
        poll();
      }
    }

    private void begin(String how) throws IOException {
      access.crash();
      model.story.add(how);
      model.stopped(delivered());
      if (model.certainlyLost() == 0) {
        lostBefore = sink.lost;
      }
      for (int i = random.nextInt(4); i > 0; i--) {
        step(random.nextInt(26) + (random.nextBoolean() ? 0 : 58) % 80);
      }
      model.started();
      follower = start();
    }

    private Set<Integer> delivered() {
      return times.keySet();
    }

    private void take() {
      for (int id = ids.size(); id < model.texts.size(); id++) {
        ids.put(model.texts.get(id), id);
      }
      for (; taken < sink.lines.size(); taken++) {
        Integer id = ids.get(sink.lines.get(taken));
        if (id == null) {
          checkFragment(sink.lines.get(taken));
        } else {
          boolean again = times.merge(id, 1, Integer::sum) > 1;
          sinceCheckpoint.add(id);
          if (again && !mayRepeat.contains(id)) {
            fail("line %d was delivered again", id);
          }
        }
      }
    }

    private void checkFragment(String text) {
      boolean known =
          text.isEmpty() || model.texts.stream().anyMatch(line -> line.contains(text.strip()));
      assertThat(known).as("never written: " + text).isTrue();
    }

    private void noteCheckpoint() throws IOException {
      Path file = state.resolve("audit-log.checkpoint");
      String now = Files.exists(file) ? Files.readString(file) : "";
      if (!now.equals(kept)) {
        kept = now;
        sinceCheckpoint.clear();
        model.recorded(delivered());
      }
    }

    private void check() {
      for (int id = 0; id < model.texts.size(); id++) {
        if (!times.containsKey(id) && !model.excused.contains(id)) {
          fail("line %d was lost", id);
        }
      }
      if (!model.mayBeLost) {
        assertThat(sink.lost).as("nothing was destroyed, yet loss was told").isZero();
      }
    }
  }
}
