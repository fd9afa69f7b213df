package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages as include/uapi/linux/cn_proc.h lays them out, without a kernel. */
class ProcessEventParserTest {

  private static final int FORK = 1;
  private static final int EXEC = 2;
  private static final int COMM = 0x200;
  private static final int EXIT = 0x80000000;
  private static final int QUESTION = 77;

  private final List<String> told = new ArrayList<>();
  private final ProcessEventSink sink =
      new ProcessEventSink() {
        @Override
        public void forked(int parent, int child, long nanos) {
          told.add("fork " + parent + " " + child + " " + nanos);
        }

        @Override
        public void execed(int pid, long nanos) {
          told.add("exec " + pid + " " + nanos);
        }

        @Override
        public void exited(int pid, boolean main, long nanos) {
          told.add("exit " + pid + " " + main + " " + nanos);
        }

        @Override
        public void overrun() {
          told.add("overrun");
        }

        @Override
        public void lost(long count, long sinceNanos) {
          told.add("lost " + count + " " + sinceNanos);
        }
      };
  private final ProcessEventParser parser = new ProcessEventParser(sink, QUESTION);

  @Test
  void tells_of_processes_on_the_scale_since_boot_and_not_of_threads() {
    read(message(FORK, 0, 0, 100, 10, 11, 20, 20));
    read(message(FORK, 0, 1, 101, 20, 20, 21, 20)); // a thread of 20
    read(message(EXEC, 0, 2, 102, 20, 20));
    read(message(COMM, 0, 3, 103, 20, 20));
    read(message(EXIT, 0, 4, 104, 21, 20, 0, 17));
    read(message(EXIT, 0, 5, 105, 20, 20, 0, 17));
    assertThat(told)
        .containsExactly(
            "fork 11 20 1100", "exec 20 1102", "exit 20 false 1104", "exit 20 true 1105");
    assertThat(parser.malformed()).isZero();
    assertThat(parser.newestNanos()).isEqualTo(1_105);
  }

  @Test
  void sees_gaps_in_the_numbers_of_each_cpu() {
    parser.begins(1_000);
    read(message(EXEC, 0, 7, 100, 1, 1));
    read(message(EXEC, 3, 900, 110, 2, 2));
    read(message(EXEC, 0, 8, 120, 3, 3));
    read(message(EXEC, 3, 904, 130, 4, 4));
    assertThat(told)
        .containsExactly("exec 1 1100", "exec 2 1110", "exec 3 1120", "lost 3 1110", "exec 4 1130");
  }

  @Test
  void numbers_go_round() {
    read(message(EXEC, 0, -1, 100, 1, 1));
    read(message(EXEC, 0, 0, 101, 2, 2));
    read(message(EXEC, 0, 2, 102, 3, 3));
    assertThat(told).containsExactly("exec 1 1100", "exec 2 1101", "lost 1 1101", "exec 3 1102");
  }

  @ParameterizedTest
  @CsvSource({"-1, 78, true", "0, 78, true", "-1, 79, false"})
  void knows_the_answer_to_its_own_request(int cpu, int ack, boolean own) {
    ByteBuffer answer = message(0, cpu, 5, 100, 22);
    answer.putInt(28, ack);
    read(answer);
    assertThat(parser.answeredNanos()).isEqualTo(own ? 1_100 : -1);
    assertThat(parser.answer()).isEqualTo(own ? 22 : 0);
    assertThat(told).isEmpty();
  }

  @Test
  void what_is_no_whole_message_is_an_event_that_is_lost() {
    parser.begins(500);
    List<UnaryOperator<ByteBuffer>> spoils =
        List.of(
            m -> m.limit(40), // cut within the header
            m -> m.limit(56), // cut within the event
            m -> m.putInt(0, 30), // says that it is shorter
            m -> m.putInt(0, 300), // says that it is longer
            m -> m.putShort(4, (short) 2),
            m -> m.putInt(16, 2),
            m -> m.putInt(20, 2));
    for (UnaryOperator<ByteBuffer> spoil : spoils) {
      read(spoil.apply(message(FORK, 0, 0, 100, 10, 10, 20, 20)));
    }
    read(ByteBuffer.allocate(0));
    assertThat(told).hasSize(spoils.size() + 1).containsOnly("lost 0 500");
    assertThat(parser.malformed()).isEqualTo(spoils.size() + 1L);
  }

  @Test
  void an_event_without_all_its_fields_is_lost_and_was_counted_by_its_number() {
    read(message(EXEC, 0, 7, 100, 1, 1));
    read(message(FORK, 0, 8, 110, 10, 10));
    read(message(EXEC, 0, 9, 120, 2, 2));
    assertThat(told).containsExactly("exec 1 1100", "lost 1 1100", "exec 2 1120");
    assertThat(parser.malformed()).isEqualTo(1);
  }

  @Test
  void what_was_cut_off_is_an_event_that_is_lost() {
    parser.begins(500);
    parser.unreadable();
    assertThat(told).containsExactly("lost 0 500");
    assertThat(parser.malformed()).isEqualTo(1);
  }

  private void read(ByteBuffer message) {
    ByteBuffer padded = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
    padded.put(100, message, 0, message.limit());
    parser.read(padded, 100, message.limit(), 1_000);
  }

  private static ByteBuffer message(int what, int cpu, int number, long nanos, int... data) {
    int length = 52 + 4 * data.length;
    ByteBuffer message = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
    message.putInt(length).putShort((short) 3).putShort((short) 0).putInt(0).putInt(0);
    message.putInt(1).putInt(1).putInt(number).putInt(0);
    message.putShort((short) (16 + 4 * data.length)).putShort((short) 0);
    message.putInt(what).putInt(cpu).putLong(nanos);
    for (int field : data) {
      message.putInt(field);
    }
    return message.flip();
  }
}
