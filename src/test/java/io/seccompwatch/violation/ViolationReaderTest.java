package io.seccompwatch.violation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.record.AuditArch;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.record.SeccompRecord.Extent;
import io.seccompwatch.testing.Samples;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ViolationReaderTest {

  private static final long SEED = 1326;
  private static final int ROUNDS = 5_000;

  @Test
  void readsBackWhateverWasWritten() throws IOException {
    Random random = new Random(SEED);
    for (int i = 0; i < ROUNDS; i++) {
      Violation violation = violation(random);
      assertThat(read(line(violation))).as("round %d of seed %d", i, SEED).isEqualTo(violation);
    }
  }

  @ParameterizedTest
  @CsvSource({"PROCESS, 0, -1", "SIGNAL, 31, -1", "CALL, 31, 165"})
  void readsBackARecordThatWasCut(Extent extent, int signal, long syscall) throws IOException {
    boolean hasArch = extent == Extent.CALL;
    SeccompRecord cut =
        new SeccompRecord(
            Samples.denied(15).record().stamp(),
            SeccompRecord.UNSET,
            0,
            0,
            SeccompRecord.UNSET,
            null,
            7355,
            "kc",
            null,
            signal,
            hasArch ? Samples.X86_64 : 0,
            hasArch,
            syscall,
            0,
            0,
            0,
            extent);
    Violation violation = Samples.violation(cut, Samples.unknown());
    assertThat(read(line(violation))).isEqualTo(violation);
    assertThat(line(violation))
        .contains("\"verdict\":\"denied\",\"action\":\"unknown\",\"code\":null,")
        .contains("\"ip\":null,")
        .contains("\"number\":" + (hasArch ? "165" : "null"))
        .contains("\"signal\":" + (signal == 0 ? "null" : "31"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"schema\":\"seccomp-watch/v2\"}",
        "{\"schema\":null}",
        "{\"schema\":1}",
        "{\"schema\":{\"schema\":\"seccomp-watch/v1\"}}",
        "{\"msg\":\"a line of another program\",\"level\":\"info\"}",
      })
  void otherSchemasAreNotOurs(String line) throws IOException {
    assertThat(read(line)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{\"schema\":\"seccomp-watch/v1\"",
        "{\"schema\":\"seccomp-watch/v1\"}",
        "[]",
        "null",
        "true",
        "not json",
        "{'schema':'seccomp-watch/v1'}",
        "\"{\\\"schema\\\":\\\"seccomp-watch/v1\\\"}\"",
      })
  void whatIsNoViolationIsRefused(String line) {
    assertThatThrownBy(() -> read(line)).isInstanceOf(IOException.class);
  }

  /** A field that lacks must not be read as 0 or empty: 0 is a user, a signal, a call. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "uid":0            | "UID":0
          "uid":0            | "uid":"root"
          "uid":0            | "uid":-1
          "uid":0            | "uid":4294967296
          "gid":0            | "gid":0.5
          "gid":0            | "gid":null
          "pid":7355         | "pid":73550000000
          "pid":7355         | "pid":1e3
          "auid":null        | "auid":"x"
          "auid":null        | "auid":-5
          "signal":0         | "signal":true
          "number":165       | "nr":165
          "number":165       | "number":99999999999999999999
          "name":"mount"     | "name":["mount"]
          "comm":"kc"        | "comm":7
          "code":"0x50000"   | "code":"50000"
          "code":"0x50000"   | "code":327680
          "code":"0x50000"   | "code":"0x"
          "code":"0x50000"   | "code":"0x100000000"
          "code":"0x50000"   | "code":"0x-1"
          "ip":"0x439fea"    | "ip":"0x10000000000000000"
          "ip":"0x439fea"    | "ip":null
          "arch":"x86_64"    | "arch":"vax"
          "arch":"x86_64"    | "arch":"0xzz"
          "source":"audit-log" | "source":null
          "2026-11-22T10:20:23.836Z" | "yesterday"
          "2026-11-22T10:20:23.836Z" | "2026-13-22T10:20:23.836Z"
          "1795342823.836:15" | "1795342823:15"
          "1795342823.836:15" | "1795342823.8360:15"
          "1795342823.836:15" | "1795342823.-36:15"
          "1795342823.836:15" | "-795342823.836:15"
          "1795342823.836:15" | "1795342823.836:+5"
          "1795342823.836:15" | "1795342823.836:"
          "1795342823.836:15" | "99999999999999999999.836:15"
          """)
  void aFieldThatIsNotWhatTheSchemaPromisesIsRefused(String whole, String broken)
      throws IOException {
    String line = line(Samples.denied(15));
    assertThat(line).contains(whole);
    assertThatThrownBy(() -> read(line.replace(whole, broken))).isInstanceOf(IOException.class);
  }

  @Test
  void textBehindTheObjectIsRefused() throws IOException {
    String line = line(Samples.denied(15)).strip();
    assertThatThrownBy(() -> read(line + line)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read(line + " x")).isInstanceOf(IOException.class);
    assertThat(read(line + "  ")).isEqualTo(Samples.denied(15));
  }

  @Test
  void depthAndInvalidBytesAreRefusedLikeAnyOther() {
    assertThatThrownBy(() -> read("{\"a\":".repeat(10_000))).isInstanceOf(IOException.class);
    byte[] bytes = {'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'};
    assertThatThrownBy(() -> new ViolationReader().read(bytes, 0, bytes.length))
        .isInstanceOf(IOException.class);
  }

  @Test
  void fieldsOfLaterVersionsAreLeftAlone() throws IOException {
    String line = line(Samples.denied(15)).replace("{\"schema\"", "{\"later\":[1],\"schema\"");
    assertThat(read(line)).isEqualTo(Samples.denied(15));
  }

  @Test
  void onlyTheGivenRangeIsRead() throws IOException {
    byte[] line = ("xx" + line(Samples.denied(15)) + "yy").getBytes(StandardCharsets.UTF_8);
    assertThat(new ViolationReader().read(line, 2, line.length - 2)).isEqualTo(Samples.denied(15));
  }

  private static Violation violation(Random random) {
    AuditArch[] archs = AuditArch.values();
    boolean hasArch = random.nextInt(8) > 0;
    AuditArch arch = archs[random.nextInt(archs.length)];
    int token = arch == AuditArch.UNKNOWN ? 0xdead0000 | random.nextInt(9) : arch.token();
    long call = random.nextInt(500) - 2L;
    SeccompRecord record =
        new SeccompRecord(
            random.nextBoolean() ? null : stamp(random),
            id(random),
            random.nextLong(SeccompRecord.UNSET + 1),
            random.nextLong(SeccompRecord.UNSET + 1),
            id(random),
            text(random),
            random.nextInt(),
            text(random),
            text(random),
            random.nextInt(65),
            hasArch ? token : 0,
            hasArch,
            arch == AuditArch.X32 ? call | 0x40000000L : call,
            0,
            random.nextLong(),
            random.nextInt());
    Instant time = Instant.ofEpochMilli(random.nextLong(4_000_000_000_000L));
    return new Violation(
        record,
        random.nextInt(5) == 0 ? null : time,
        "source" + random.nextInt(3),
        text(random),
        text(random),
        attribution(random));
  }

  private static AuditStamp stamp(Random random) {
    int digits = 1 + random.nextInt(3);
    int fraction = random.nextInt((int) Math.pow(10, digits));
    return new AuditStamp(random.nextLong(1L << 33), fraction, digits, random.nextLong(1L << 32));
  }

  private static Attribution attribution(Random random) {
    Workload workload =
        random.nextBoolean()
            ? null
            : new Workload(
                "ns" + random.nextInt(9),
                "pod" + random.nextInt(9),
                text(random),
                null,
                text(random),
                "Job",
                "owner" + random.nextInt(9),
                random.nextBoolean() ? null : new SeccompProfile("Localhost", text(random)));
    return new Attribution(
        pick(random, Outcome.values()),
        random.nextBoolean() ? null : pick(random, Evidence.values()),
        random.nextBoolean() ? null : pick(random, AttributionReason.values()),
        text(random),
        text(random),
        workload);
  }

  private static <E> E pick(Random random, E[] values) {
    return values[random.nextInt(values.length)];
  }

  private static long id(Random random) {
    return random.nextBoolean() ? SeccompRecord.UNSET : random.nextLong(SeccompRecord.UNSET);
  }

  /** Any UTF-16, control characters, quotes and lone surrogates among it; null at times. */
  private static @Nullable String text(Random random) {
    if (random.nextInt(4) == 0) {
      return null;
    }
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.append((char) random.nextInt(random.nextBoolean() ? 0x80 : 0x10000));
    }
    return text.toString();
  }

  private static String line(Violation violation) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ViolationJson().writeLine(violation, 0, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static @Nullable Violation read(String line) throws IOException {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new ViolationReader().read(bytes, 0, bytes.length);
  }
}
