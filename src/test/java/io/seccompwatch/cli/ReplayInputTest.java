package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.record.LossNotice.LossReason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayInputTest {

  private static final Instant NOW = Instant.parse("2026-11-30T20:01:06Z");

  @TempDir Path directory = Path.of("");

  private final Read read = new Read();

  @ParameterizedTest
  @CsvSource({"twins.xz, xz", "twins.bz2, bzip2", "twins.zst, zstd"})
  void theMachinesProgramsDecompress(String name, String program) throws IOException {
    Assumptions.assumeTrue(
        Decompressor.PLACES.stream().anyMatch(p -> Files.isExecutable(p.resolve(program))),
        program + " is not installed");
    input(resource(name), Decompressor.PLACES).read("-", read);
    assertThat(read.lines).hasSize(2).allMatch(line -> line.startsWith("2026-11-30T20:01:06+0000"));
  }

  @Test
  void whatIsCutOffIsAnErrorBehindWhatWasReadable() throws IOException {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/xz")), "xz is not installed");
    byte[] whole = resource("twins.xz");
    Path torn = directory.resolve("torn.xz");
    Files.write(torn, Arrays.copyOf(whole, whole.length - 20));
    assertThatThrownBy(() -> input(new byte[0], Decompressor.PLACES).read(torn.toString(), read))
        .hasMessageContaining("xz cannot read it to its end")
        .hasMessageContaining("cut off");
  }

  /** Lines of zeros would be records 0, as if nothing had been denied. */
  @ParameterizedTest
  @CsvSource({
    "fd377a585a000004, xz, 'xz -dc FILE'",
    "425a683931415926, bzip2, 'bzip2 -dc FILE'",
    "425a683917724538, bzip2, 'bzip2 -dc FILE'",
    "28b52ffd04681500, zstd, 'zstd -dc FILE'",
    "04224d1864407000, lz4, 'lz4 -dc FILE'",
    "4c5a495001140000, lzip, 'lzip -dc FILE'",
    "1f9d907368010203, compress, 'gzip -dc FILE'",
    "504b030414000000, zip, 'unzip -p FILE'",
  })
  void withoutTheProgramTheErrorGivesTheCommand(String magic, String format, String command) {
    byte[] bytes = HexFormat.of().parseHex(magic);
    assertThatThrownBy(() -> input(bytes, List.of(directory)).read("-", read))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("is " + format + "-compressed")
        .hasMessageEndingWith(": " + command + " | seccomp-watch replay -");
    assertThat(read.lines).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"BZh", "BZhouse", "PK", "(\u00b5/", "LZ"})
  void textThatBeginsLikeAFormatIsText(String text) throws IOException {
    input((text + "\n").getBytes(StandardCharsets.UTF_8), List.of()).read("-", read);
    assertThat(read.lines).containsExactly(text);
  }

  @ParameterizedTest
  @CsvSource({
    "UTF-16LE, true",
    "UTF-16BE, true",
    "UTF-16LE, false",
    "UTF-16BE, false",
  })
  void utf16IsReadWithAndWithoutItsMark(String charset, boolean mark) throws IOException {
    String text = "type=SECCOMP \u00e9\u20ac\ud83d\ude00\r\nsecond\r\n";
    byte[] bytes = ((mark ? "\ufeff" : "") + text).getBytes(Charset.forName(charset));
    for (int piece : new int[] {1, 3, 1_000}) {
      read.lines.clear();
      input(pieces(bytes, piece)).read("-", read);
      assertThat(read.lines).containsExactly("type=SECCOMP \u00e9\u20ac\ud83d\ude00", "second");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100_000})
  void anExportIsReadInPiecesOfAnySize(int piece) throws IOException {
    input(pieces(resource("journal/export"), piece)).read("-", read);
    assertThat(read.lines).isEmpty();
    // The fourth holds what looks like further entries, in a text whose length is given
    assertThat(read.messages).hasSize(5);
    assertThat(read.messages.get(3)).startsWith("hello\n_TRANSPORT=kernel\n");
  }

  @Test
  void anExportWithAnEndlessTextIsBounded() throws IOException {
    byte[] head = "__CURSOR=x\nMESSAGE\n\0\0\0\0\0\0\0\177".getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = Arrays.copyOf(head, 1 << 20);
    input(all, List.of()).read("-", read);
    assertThat(read.messages).containsExactly("");
  }

  @Test
  void aFileIsOfTheTimeWhenItWasWrittenTo() throws IOException {
    Path file = Files.writeString(directory.resolve("a"), "x\n");
    Files.setLastModifiedTime(file, FileTime.from(NOW.minusSeconds(1_000)));
    input(new byte[0], List.of()).read(file.toString(), read);
    assertThat(read.written).isEqualTo(NOW.minusSeconds(1_000));
    input(new byte[0], List.of()).read("-", read);
    assertThat(read.written).isEqualTo(NOW);
  }

  private static ReplayInput input(byte[] stdin, List<Path> places) {
    return new ReplayInput(
        new ByteArrayInputStream(stdin),
        new Decompressor(places),
        Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static ReplayInput input(InputStream stdin) {
    return new ReplayInput(stdin, new Decompressor(List.of()), Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static InputStream pieces(byte[] bytes, int piece) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] into, int from, int length) {
        return super.read(into, from, Math.min(length, piece));
      }
    };
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ReplayInputTest.class.getResourceAsStream("/replay/" + name))) {
      return in.readAllBytes();
    }
  }

  /** What came in, as text. */
  private static final class Read implements ReplayInput.Sink {
    final List<String> lines = new ArrayList<>();
    final List<String> messages = new ArrayList<>();
    Instant written = Instant.EPOCH;

    @Override
    public void begin(String name, Instant time) {
      written = time;
    }

    @Override
    public void entry(JournalEntry entry) {
      messages.add(entry.message());
    }

    @Override
    public void end() {}

    @Override
    public void line(byte[] buffer, int from, int to) {
      lines.add(new String(buffer, from, to - from, StandardCharsets.UTF_8));
    }

    @Override
    public void lineTooLong(long bytes) {
      lines.add("too long");
    }

    @Override
    public void lost(LossReason reason, long count) {}

    @Override
    public void rotated() {}
  }
}
