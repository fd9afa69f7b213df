package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.LOG;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.violation.Violation;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EventTextTest {

  private static final int KILL_PROCESS = 0x80000000;

  static Stream<Arguments> notes() {
    return Stream.of(
        Arguments.of(
            "app",
            250,
            "keyctl",
            ERRNO,
            "myapp",
            "keyctl (250, x86_64) denied with errno in container app (process myapp)"),
        Arguments.of(
            "app",
            165,
            "mount",
            KILL_PROCESS,
            "kc",
            "mount (165, x86_64) denied with kill_process in container app (process kc)"),
        Arguments.of(
            "app",
            165,
            "mount",
            LOG,
            "kc",
            "mount (165, x86_64) logged in container app (process kc)"),
        Arguments.of(
            "app",
            999,
            null,
            ERRNO,
            "kc",
            "syscall 999 (x86_64) denied with errno in container app (process kc)"),
        Arguments.of(
            null,
            165,
            "mount",
            ERRNO,
            "kc",
            "mount (165, x86_64) denied with errno in pod web-1 (process kc)"),
        Arguments.of(
            "app",
            165,
            "mount",
            ERRNO,
            null,
            "mount (165, x86_64) denied with errno in container app"),
        Arguments.of(
            "app",
            165,
            "mount",
            ERRNO,
            "",
            "mount (165, x86_64) denied with errno in container app"));
  }

  @ParameterizedTest
  @MethodSource("notes")
  void saysWhichCallWhatWasDoneAndWhere(
      @Nullable String container,
      long number,
      @Nullable String name,
      int code,
      @Nullable String comm,
      String note) {
    Attribution attribution = EventSamples.in("prod", "web-1", container, ContainerType.CONTAINER);
    Violation violation = EventSamples.violation(attribution, number, name, code, comm);
    assertThat(EventText.note(violation, workload(attribution))).isEqualTo(note);
  }

  @Test
  void anAbiThatIsNotKnownIsShownAsItsToken() {
    Attribution attribution = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    Violation violation =
        Samples.violation(Samples.record(null, 0x1234, 5, ERRNO, "kc", null), null, attribution);
    assertThat(EventText.note(violation, workload(attribution)))
        .startsWith("syscall 5 (0x1234) denied");
  }

  static Stream<Arguments> processes() {
    return Stream.of(
        Arguments.of("kworker/u4:0", "kworker/u4:0"),
        Arguments.of("my app", "\"my app\""),
        Arguments.of("a) in container", "\"a) in container\""),
        Arguments.of("a\"b\\c", "\"a\\\"b\\\\c\""),
        Arguments.of("a\nb\u001b[2J", "\"a\\x0ab\\x1b[2J\""),
        Arguments.of("\u202egpj.exe", "\"\\u{202e}gpj.exe\""),
        Arguments.of("a\u200bb\u2028", "\"a\\u{200b}b\\u{2028}\""),
        Arguments.of("e\u0301\u05d0", "\"e\\u{301}\\u{5d0}\""),
        Arguments.of("\ud800x", "\"\\u{d800}x\""),
        Arguments.of("caf\ufffd", "\"caf\\u{fffd}\""),
        Arguments.of("größe", "\"größe\""),
        Arguments.of("𝒳", "\"𝒳\""),
        Arguments.of("😀", "\"\\u{1f600}\""));
  }

  @ParameterizedTest
  @MethodSource("processes")
  void aProcessCannotWriteTheNote(String comm, String shown) {
    assertThat(note(comm, "app")).endsWith(" (process " + shown + ")");
  }

  @Test
  void longNamesAreCutAndNeverWithinACharacterOrAnEscape() {
    assertThat(note("ü".repeat(500), "app")).endsWith(" (process \"" + "ü".repeat(126) + "...\")");
    assertThat(note("\u0001".repeat(500), "app"))
        .endsWith(" (process \"" + "\\x01".repeat(63) + "...\")");
  }

  @Test
  void whateverTheNamesAreTheNoteIsOneTheApiServerTakesAndATerminalShows() {
    Random random = new Random(20261122);
    int[] special = {'"', '\\', 0, '\n', 0x1b, 0x7f, 0x85, 0x202e, 0x2066, 0xd800, 0xdfff, 0xfffe};
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(400); length > 0; length--) {
        switch (random.nextInt(3)) {
          case 0 -> text.appendCodePoint(special[random.nextInt(special.length)]);
          case 1 -> text.append((char) random.nextInt(0x10000));
          default -> text.appendCodePoint(random.nextInt(0x110000));
        }
      }
      String hostile = text.toString();
      String note = note(hostile, hostile);
      byte[] bytes = note.getBytes(StandardCharsets.UTF_8);
      assertThat(bytes.length).isLessThanOrEqualTo(EventText.LONGEST_NOTE);
      assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(note);
      assertThat(note.codePoints().allMatch(EventTextTest::isHarmless)).as(note).isTrue();
      assertThat(EventText.name(hostile, 128).getBytes(StandardCharsets.UTF_8).length)
          .isBetween(1, 128);
    }
  }

  private static boolean isHarmless(int c) {
    return (c >= ' ' && c < 0x7f) || Character.isLetterOrDigit(c);
  }

  @ParameterizedTest
  @MethodSource("fields")
  void namesTheContainerInTheListThatItIsIn(
      @Nullable String container, @Nullable ContainerType type, @Nullable String field) {
    assertThat(EventText.fieldPath(workload(EventSamples.in("prod", "web-1", container, type))))
        .isEqualTo(field);
  }

  static Stream<Arguments> fields() {
    return Stream.of(
        Arguments.of("app", ContainerType.CONTAINER, "spec.containers{app}"),
        Arguments.of("setup", ContainerType.INIT, "spec.initContainers{setup}"),
        Arguments.of("debug", ContainerType.EPHEMERAL, "spec.ephemeralContainers{debug}"),
        Arguments.of("app", null, null),
        Arguments.of(null, null, null));
  }

  private static String note(String comm, String container) {
    Attribution attribution =
        EventSamples.in("prod", container, container, ContainerType.CONTAINER);
    Violation violation = EventSamples.violation(attribution, 165, "mount", ERRNO, comm);
    return EventText.note(violation, workload(attribution));
  }

  private static Workload workload(Attribution attribution) {
    return Objects.requireNonNull(attribution.workload());
  }
}
