package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.PolledFile;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.KmsgReader.KmsgStart;
import io.seccompwatch.source.KmsgReader.KmsgState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the reader makes of a device's answers, told by a script. */
class KmsgReaderTest {

  private static final String BOOT = "boot-now";

  private final Seen seen = new Seen();

  @Test
  void hands_on_the_first_line_whole_and_drops_the_dictionary() {
    KmsgReader reader =
        reader(new KmsgStart.End(), "5,7,123,-;audit: type=1326\n SUBSYSTEM=x\n DEVICE=+y:z\n");
    reader.run();
    assertThat(seen.events).containsExactly("5,7,123,-;audit: type=1326");
    assertThat(reader.lastSequence()).isEqualTo(7);
    assertThat(reader.state()).isEqualTo(new KmsgState(false, "stopped", 7, 1));
  }

  @ParameterizedTest
  @CsvSource({"0, false", "1, true", "900, true"})
  void counts_one_when_older_records_are_gone_and_no_checkpoint_tells(long first, boolean lost) {
    String record = "5," + first + ",1,-;a";
    reader(new KmsgStart.Oldest(), record).run();
    assertThat(seen.events)
        .isEqualTo(lost ? List.of("lost 1 SOCKET_OVERRUN", record) : List.of(record));
  }

  @Test
  void waits_at_eagain_and_tries_again_at_eintr() {
    Script device = new Script("5,7,1,-;a", Errno.EAGAIN, Errno.EINTR, "5,8,2,-;b");
    reader(device, new KmsgStart.End()).run();
    assertThat(seen.events).containsExactly("5,7,1,-;a", "5,8,2,-;b");
    assertThat(device.waits).isEqualTo(2); // the second at the end of the script
  }

  @Test
  void counts_what_an_overrun_lost_by_the_gap_in_the_sequence() {
    reader(new KmsgStart.End(), "5,7,1,-;a", Errno.EPIPE, "5,18,2,-;b").run();
    assertThat(seen.events).containsExactly("5,7,1,-;a", "lost 10 SOCKET_OVERRUN", "5,18,2,-;b");
  }

  @Test
  void counts_one_when_an_overrun_comes_before_any_sequence_is_known() {
    reader(new KmsgStart.End(), Errno.EPIPE, "5,18,2,-;b", "5,19,2,-;c").run();
    assertThat(seen.events).containsExactly("lost 1 SOCKET_OVERRUN", "5,18,2,-;b", "5,19,2,-;c");
  }

  @Test
  void counts_several_overruns_in_a_row_once() {
    reader(new KmsgStart.End(), "5,7,1,-;a", Errno.EPIPE, Errno.EPIPE, "5,10,2,-;b").run();
    assertThat(seen.events).containsExactly("5,7,1,-;a", "lost 2 SOCKET_OVERRUN", "5,10,2,-;b");
  }

  @Test
  void passes_over_a_record_larger_than_the_buffer_and_does_not_count_it_lost_too() {
    reader(new KmsgStart.End(), "5,7,1,-;a", Errno.EINVAL, "5,9,2,-;b").run();
    assertThat(seen.events).containsExactly("5,7,1,-;a", "too long", "5,9,2,-;b");
  }

  @Test
  void resumes_behind_the_checkpoint() {
    Script device = new Script("5,5,1,-;a", "5,6,1,-;b", "5,7,1,-;c");
    KmsgReader reader = reader(device, new KmsgStart.After(6, BOOT));
    assertThat(reader.lastSequence()).isEqualTo(6);
    reader.run();
    assertThat(device.seeks).containsExactly(PolledFile.SEEK_SET);
    assertThat(seen.events).containsExactly("5,7,1,-;c");
  }

  @Test
  void counts_what_the_ring_lost_since_the_checkpoint() {
    reader(new KmsgStart.After(6, BOOT), "5,10,1,-;a", "5,11,1,-;b").run();
    assertThat(seen.events).containsExactly("lost 3 SOCKET_OVERRUN", "5,10,1,-;a", "5,11,1,-;b");
  }

  @Test
  void an_overrun_among_records_already_handled_is_no_loss() {
    reader(new KmsgStart.After(6, BOOT), "5,2,1,-;a", Errno.EPIPE, "5,6,1,-;b", "5,7,1,-;c").run();
    assertThat(seen.events).containsExactly("5,7,1,-;c");
  }

  @Test
  void after_a_reboot_reads_the_ring_whole_and_counts_what_it_lost_since_boot() {
    KmsgReader reader = reader(new KmsgStart.After(900, "boot-before"), "5,2,1,-;a", "5,3,1,-;b");
    assertThat(reader.lastSequence()).isEqualTo(-1);
    reader.run();
    assertThat(seen.events).containsExactly("lost 2 SOCKET_OVERRUN", "5,2,1,-;a", "5,3,1,-;b");
  }

  @Test
  void begins_where_it_is_told() {
    assertThat(seekFor(new KmsgStart.End())).containsExactly(PolledFile.SEEK_END);
    assertThat(seekFor(new KmsgStart.Beginning())).containsExactly(PolledFile.SEEK_SET);
    assertThat(seekFor(new KmsgStart.AfterClear())).containsExactly(PolledFile.SEEK_DATA);
  }

  @Test
  void goes_on_behind_the_last_record_when_run_again() {
    Queue<Script> devices =
        new ArrayDeque<>(
            List.of(new Script("5,7,1,-;a", new Errno(19)), new Script("5,7,1,-;a", "5,8,1,-;b")));
    KmsgReader reader = new KmsgReader("kmsg", devices::remove, new KmsgStart.End(), BOOT, seen);
    reader.run();
    assertThat(reader.state().reason()).isEqualTo("read kmsg: ENODEV");
    reader.run();
    assertThat(seen.events).containsExactly("5,7,1,-;a", "5,8,1,-;b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"no prefix", "5", "5,", "5,x,1;a", ",7,1;a", "5,1234567890123456789,1;a"})
  void hands_on_a_line_without_a_number_for_the_parser_to_refuse(String line) {
    KmsgReader reader = reader(new KmsgStart.End(), line);
    reader.run();
    assertThat(seen.events).containsExactly(line);
    assertThat(reader.lastSequence()).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource({
    "1, EPERM, privileged",
    "13, EACCES, run as root",
    "2, ENOENT, mount the node's kmsg",
    "5, EIO, EIO"
  })
  void says_why_the_device_cannot_be_opened_and_what_to_do(int errno, String name, String remedy) {
    KmsgReader reader =
        new KmsgReader(
            "kmsg",
            () -> {
              throw new ErrnoException("open kmsg", new Errno(errno));
            },
            new KmsgStart.End(),
            BOOT,
            seen);
    reader.run();
    assertThat(reader.state().up()).isFalse();
    assertThat(reader.state().reason()).startsWith("open kmsg: " + name).contains(remedy);
  }

  @Test
  void refuses_a_file_that_ends() {
    KmsgReader reader = reader(new KmsgStart.End(), "");
    reader.run();
    assertThat(reader.state().reason()).isEqualTo("read kmsg (not a kernel log device): EINVAL");
  }

  @Test
  void does_not_begin_once_closed() {
    Script device = new Script("5,7,1,-;a");
    KmsgReader reader = reader(device, new KmsgStart.End());
    reader.close();
    reader.run();
    assertThat(seen.events).isEmpty();
    assertThat(device.closed).isTrue();
  }

  @Test
  void a_record_whose_handling_failed_is_not_in_the_checkpoint() {
    Script device = new Script("5,7,1,-;a", "5,8,1,-;fail");
    KmsgReader reader = reader(device, new KmsgStart.End());
    assertThatThrownBy(reader::run).hasMessage("sink failed");
    assertThat(reader.lastSequence()).isEqualTo(7);
    assertThat(reader.state().reason()).contains("sink failed");
    assertThat(device.closed).isTrue();
  }

  private List<Integer> seekFor(KmsgStart start) {
    Script device = new Script();
    reader(device, start).run();
    return device.seeks;
  }

  private KmsgReader reader(KmsgStart start, Object... answers) {
    return reader(new Script(answers), start);
  }

  private KmsgReader reader(Script device, KmsgStart start) {
    return new KmsgReader("kmsg", () -> device, start, BOOT, seen);
  }

  /** Answers reads in order, a text as a record, an errno as a failure; then it is closed. */
  private static final class Script implements KmsgDevice {
    private final Queue<Object> answers;
    private final List<Integer> seeks = new ArrayList<>();
    private int waits;
    private boolean closed;

    Script(Object... answers) {
      this.answers = new ArrayDeque<>(Arrays.asList(answers));
    }

    @Override
    public int read(byte[] target) {
      Object answer = answers.isEmpty() ? Errno.EAGAIN : answers.remove();
      if (answer instanceof Errno errno) {
        return -errno.number();
      }
      byte[] record = ((String) answer).getBytes(StandardCharsets.ISO_8859_1);
      System.arraycopy(record, 0, target, 0, record.length);
      return record.length;
    }

    @Override
    public void seek(int whence) {
      seeks.add(whence);
    }

    @Override
    public boolean await() {
      waits++;
      return !answers.isEmpty();
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static final class Seen implements LineSink {
    private final List<String> events = new ArrayList<>();

    @Override
    public void line(byte[] buffer, int from, int to) {
      String line = new String(buffer, from, to - from, StandardCharsets.ISO_8859_1);
      if (line.endsWith("fail")) {
        throw new IllegalStateException("sink failed");
      }
      events.add(line);
    }

    @Override
    public void lineTooLong(long bytes) {
      events.add("too long");
    }

    @Override
    public void lost(LossReason reason, long count) {
      events.add("lost " + count + " " + reason);
    }

    @Override
    public void rotated() {
      throw new AssertionError("a ring does not rotate");
    }
  }
}
