package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.source.KmsgReader.KmsgStart;
import io.seccompwatch.source.RecordSource.StartAt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KmsgCheckpointsTest {

  @TempDir Path directory;

  @Test
  void whatWasSavedIsLoaded() {
    KmsgStart.After after = new KmsgStart.After(17, "boot");
    KmsgCheckpoints checkpoints = new KmsgCheckpoints(directory);
    assertThat(checkpoints.save(after)).isNull();
    assertThat(checkpoints.load(true)).isEqualTo(new KmsgCheckpoints.Loaded(after, null));
  }

  @Test
  void onlyAFirstStartBeginsAtTheEnd() {
    KmsgCheckpoints checkpoints = new KmsgCheckpoints(directory);
    assertThat(checkpoints.load(false).start()).isInstanceOf(KmsgStart.End.class);
    assertThat(checkpoints.load(false).warning()).isNull();
    assertThat(checkpoints.load(true).start()).isInstanceOf(KmsgStart.Oldest.class);
    assertThat(checkpoints.load(true).warning()).contains("not there, though an agent has run");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1\nboot\n", "1\nboot\nx\n", "2\nboot\n17\n", "\0\0\0"})
  void aDamagedOneIsToldAndTheRingIsReadFromItsOldestRecord(String text) throws IOException {
    Files.writeString(directory.resolve("kmsg.checkpoint"), text);
    KmsgCheckpoints.Loaded loaded = new KmsgCheckpoints(directory).load(false);
    assertThat(loaded.start()).isInstanceOf(KmsgStart.Oldest.class);
    assertThat(loaded.warning()).contains("damaged: reading the kernel's log from its oldest");
  }

  @Test
  void oneThatCannotBeWrittenSaysWhatFollows() {
    assertThat(new KmsgCheckpoints(directory.resolve("none")).save(new KmsgStart.After(1, "b")))
        .contains("cannot be written: ", "may count records again");
  }

  @Test
  void anythingElseThanTheRingIsNoSource() {
    RecordingSink sink = new RecordingSink();
    KmsgSource source =
        new KmsgSource(
            directory, StartAt.BEGINNING, directory, false, "boot", sink, InstantSource.system());
    Thread.currentThread().interrupt(); // one attempt
    source.run();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(source.state().up()).isFalse();
    assertThat(source.state().reason()).contains("(a directory, not the kernel log: give");
    assertThat(sink.lines).isEmpty();
    assertThat(sink.tooLong).isEmpty();
  }
}
