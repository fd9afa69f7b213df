package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineSplitterTest {

  private static final int MAX = 40;

  private final RecordingSink sink = new RecordingSink();

  @Test
  void anyCutOfAnyBytesGivesTheLinesOfANaiveSplit() {
    for (long seed = 1; seed <= 20_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = randomBytes(random);
      RecordingSink cut = new RecordingSink();
      LineSplitter splitter = new LineSplitter(MAX, cut);
      for (int from = 0; from < bytes.length; ) {
        int to = Math.min(bytes.length, from + 1 + random.nextInt(60));
        splitter.feed(bytes, from, to);
        from = to;
      }
      splitter.finish();
      List<String> lines = new ArrayList<>();
      List<Long> tooLong = new ArrayList<>();
      naiveSplit(bytes, lines, tooLong);
      assertThat(cut.lines).as("seed %d", seed).isEqualTo(lines);
      assertThat(cut.tooLong).as("seed %d", seed).isEqualTo(tooLong);
      assertThat(splitter.accepted()).as("seed %d", seed).isEqualTo(bytes.length);
    }
  }

  @Test
  void aLineOfTheBoundIsDeliveredAndOneByteMoreIsNot() {
    feed("x".repeat(MAX) + "\r\n" + "y".repeat(MAX + 1) + "\nnext\n");
    assertThat(sink.lines).containsExactly("x".repeat(MAX), "next");
    assertThat(sink.tooLong).containsExactly(MAX + 1L);
  }

  @Test
  void anEndlessLineIsCountedWithoutBeingHeld() {
    LineSplitter splitter = new LineSplitter(MAX, sink);
    byte[] part = "z".repeat(1000).getBytes(StandardCharsets.ISO_8859_1);
    for (int i = 0; i < 1000; i++) {
      splitter.feed(part, 0, part.length);
    }
    assertThat(splitter.accepted()).isZero();
    splitter.feed("\nafter\n".getBytes(StandardCharsets.ISO_8859_1), 0, 7);
    assertThat(sink.tooLong).containsExactly(1_000_000L);
    assertThat(sink.lines).containsExactly("after");
    assertThat(splitter.accepted()).isEqualTo(1_000_007L);
  }

  @Test
  void theHoleOfATruncationIsDropped() {
    feed("\0".repeat(500) + "first\n");
    assertThat(sink.lines).containsExactly("first");
    assertThat(sink.tooLong).isEmpty();
  }

  private void feed(String text) {
    LineSplitter splitter = new LineSplitter(MAX, sink);
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    splitter.feed(bytes, 0, bytes.length);
    splitter.finish();
  }

  private static byte[] randomBytes(Random random) {
    byte[] bytes = new byte[random.nextInt(400)];
    // Bytes next to the newline's value are where a search by words would go wrong.
    byte[] alphabet = {'\n', '\n', '\r', 0, 'a', 'b', 11, 9, (byte) 0x8a, (byte) 0xff, 'c', 'd'};
    int spread = random.nextBoolean() ? alphabet.length : 3;
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] =
          random.nextInt(spread) == 0 ? alphabet[random.nextInt(4)] : letter(random, alphabet);
    }
    return bytes;
  }

  private static byte letter(Random random, byte[] alphabet) {
    return alphabet[4 + random.nextInt(alphabet.length - 4)];
  }

  private static void naiveSplit(byte[] bytes, List<String> lines, List<Long> tooLong) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    String[] parts = text.split("\n", -1);
    for (int i = 0; i < parts.length; i++) {
      String raw = parts[i].replaceFirst("^\0+", "");
      String line = raw.endsWith("\r") ? raw.substring(0, raw.length() - 1) : raw;
      boolean unterminatedNothing = i == parts.length - 1 && raw.isEmpty();
      if (unterminatedNothing) {
        continue;
      }
      if (line.length() > MAX) {
        tooLong.add((long) raw.length());
      } else {
        lines.add(line);
      }
    }
  }
}
