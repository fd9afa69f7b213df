package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.source.FileAccess.FileIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {

  private static final Checkpoint SAMPLE =
      new Checkpoint(
          Path.of("/var/log/odd\nname/audit.log"),
          List.of(
              new Checkpoint.Run(
                  new FileIdentity("(dev=fe00,ino=12)", Instant.parse("2026-11-22T10:20:23.5Z")),
                  true,
                  3,
                  4,
                  0,
                  "61620a63",
                  "61620a63"),
              new Checkpoint.Run(
                  new FileIdentity("(dev=fe00,ino=13)", null), false, 0, 0, 0, "", ""),
              new Checkpoint.Run(null, false, Long.MAX_VALUE, Long.MAX_VALUE, 7, "61", "")));

  @TempDir Path directory;

  @Test
  void whatWasSavedIsLoaded() {
    CheckpointStore store = new CheckpointStore(directory.resolve("made/with/it"), null);
    assertThat(store.save("audit-log", SAMPLE)).isNull();
    CheckpointStore.Loaded loaded = store.load("audit-log");
    assertThat(loaded.checkpoint()).isEqualTo(SAMPLE);
    assertThat(loaded.warning()).isNull();
  }

  @Test
  void noCheckpointIsNoWarning() {
    CheckpointStore.Loaded loaded = new CheckpointStore(directory, null).load("audit-log");
    assertThat(loaded).isEqualTo(CheckpointStore.Loaded.FIRST);
  }

  @ParameterizedTest
  @CsvSource({
    "'', empty",
    "'{\"offset\":1}', not a checkpoint",
    "'seccomp-watch-checkpoint 2\nbase 61\ncrc 00000000\n', a version",
    "'seccomp-watch-checkpoint 1\nbase 61\n', damaged",
    "'seccomp-watch-checkpoint 1\nbase 61\ncrc 00000000\n', damaged",
    "'seccomp-watch-checkpoint 1\n', damaged",
  })
  void aCheckpointThatCannotBeUsedIsToldAndLeftOut(String text, String reason) throws IOException {
    Files.writeString(directory.resolve("audit-log.checkpoint"), text);
    CheckpointStore.Loaded loaded = new CheckpointStore(directory, null).load("audit-log");
    assertThat(loaded.checkpoint()).isNull();
    assertThat(loaded.warning())
        .contains(": " + reason)
        .contains("reading from the oldest rotated file on");
    assertThat(loaded.missingSince()).as("it is no first start").isNotNull();
  }

  @Test
  void noByteCanBeChangedAndNoTailLostWithoutBeingNoticed() throws IOException {
    CheckpointStore store = new CheckpointStore(directory, null, false);
    store.save("audit-log", SAMPLE);
    Path file = directory.resolve("audit-log.checkpoint");
    byte[] good = Files.readAllBytes(file);
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 1;
      Files.write(file, bad);
      assertThat(store.load("audit-log").checkpoint()).as("byte %d", i).isNull();
      Files.write(file, java.util.Arrays.copyOf(good, i));
      assertThat(store.load("audit-log").checkpoint()).as("length %d", i).isNull();
    }
  }

  @Test
  void impossibleOffsetsAreNotBelieved() throws IOException {
    for (String run :
        List.of(
            "open=true offset=5 position=4 headFrom=0 head= marker=",
            "open=true offset=-5 position=4 headFrom=0 head= marker=",
            "open=true offset=1 position=4 headFrom=-1 head= marker=",
            "open=true offset=1 position=1 headFrom=0 head= marker=6161",
            "open=true offset=1 position=1 headFrom=0 head=6 marker=",
            "open=true offset=x position=1 headFrom=0 head= marker=",
            "open=true position=1 headFrom=0 head= marker=")) {
      String text = "seccomp-watch-checkpoint 1\nbase 61\nrun " + run + "\n";
      java.util.zip.CRC32 crc = new java.util.zip.CRC32();
      crc.update(text.getBytes(StandardCharsets.ISO_8859_1));
      Files.writeString(
          directory.resolve("audit-log.checkpoint"),
          text + "crc " + java.util.HexFormat.of().toHexDigits((int) crc.getValue()) + "\n");
      assertThat(new CheckpointStore(directory, null).load("audit-log").warning())
          .as(run)
          .contains("damaged");
    }
  }

  @Test
  void aStateDirectoryThatCannotBeMadeIsToldInWords() throws IOException {
    Path inTheWay = Files.writeString(directory.resolve("state"), "a file");
    assertThat(new CheckpointStore(inTheWay, null).save("audit-log", SAMPLE))
        .contains("cannot be written: ", "may count records again", "it may miss those");
  }

  @Test
  void aDamagedCheckpointGivesWayToTheOneBeforeIt() throws IOException {
    CheckpointStore store = new CheckpointStore(directory, null);
    Checkpoint before = new Checkpoint(Path.of("/before"), List.of());
    store.save("audit-log", before);
    store.save("audit-log", SAMPLE);
    Files.writeString(directory.resolve("audit-log.checkpoint"), "damaged");
    assertThat(store.load("audit-log").checkpoint()).isEqualTo(before);
    assertThat(store.load("audit-log").warning()).contains("going on from the one before it");
    Files.delete(directory.resolve("audit-log.checkpoint"));
    assertThat(store.load("audit-log").checkpoint()).isEqualTo(before);
  }

  @Test
  void withoutACheckpointADirectoryThatWasUsedIsNoFirstStart() {
    Instant since = Instant.parse("2026-11-22T10:20:23Z");
    CheckpointStore.Loaded loaded = new CheckpointStore(directory, since).load("audit-log");
    assertThat(loaded.missingSince()).isEqualTo(since);
    assertThat(loaded.warning()).contains("not there, though an agent has run");
  }

  @ParameterizedTest
  @ValueSource(strings = {"audit-log.checkpoint", "audit-log.checkpoint.tmp"})
  void aFifoInItsPlaceMakesNobodyWait(String name) throws Exception {
    Path fifo = directory.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    CheckpointStore store = new CheckpointStore(directory, null);
    assertThat(store.load("audit-log").checkpoint()).isNull();
    assertThat(store.save("audit-log", SAMPLE)).isNull();
    assertThat(store.load("audit-log").checkpoint()).isEqualTo(SAMPLE);
  }
}
