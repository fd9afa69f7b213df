package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.ProcReader.ProcessView.Gone;
import io.seccompwatch.attribution.ProcReader.ProcessView.Present;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProcReaderTest {
  @TempDir Path directory;
  private FakeProc proc;
  private ProcReader reader;

  @BeforeEach
  void node() {
    proc = new FakeProc(directory);
    reader = proc.reader(CgroupAnchor.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"app", "", "a b", ") R 1 2 3 (x", "))) ((", "Ünïcode", "a\nb"})
  void aNameMayHoldAnything(String comm) {
    proc.process(
        7,
        12_340,
        'S',
        new String(comm.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1),
        FakeProc.CGROUP);
    Present present = (Present) reader.read(7);
    assertThat(present.comm()).isEqualTo(comm);
    assertThat(present.startTicks()).isEqualTo(1_234);
    assertThat(present.dead()).isFalse();
    assertThat(present.thread()).isFalse();
  }

  @Test
  void threadsAndKernelThreadsAreToldApart() {
    proc.write("7/cgroup", FakeProc.CGROUP);
    String fields = " 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 ";
    proc.write("7/stat", "7 (t) S 1 1 1 0 -1 4194560" + fields + "-1 0\n");
    assertThat(((Present) reader.read(7)).thread()).isTrue();
    proc.write("7/stat", "7 (kworker/0:1) I 2 0 0 0 -1 69238880" + fields + "17 0\n");
    assertThat(((Present) reader.read(7)).kernel()).isTrue();
  }

  /** Between the move out of its cgroups and the zombie's state a process shows as running. */
  @Test
  void aProcessOnItsWayOutIsDead() {
    proc.write("7/cgroup", "1:pids:/\n0::/\n");
    proc.write("7/stat", "7 (t) R 1 1 1 0 -1 4194564 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1\n");
    assertThat(((Present) reader.read(7)).dead()).isTrue();
  }

  @Test
  void whatIsNotThereIsGone() {
    assertThat(reader.read(7)).isEqualTo(new Gone());
    proc.write("7/stat", "");
    proc.write("7/cgroup", "");
    assertThat(reader.read(7)).isEqualTo(new Gone());
  }

  @Test
  void damagedLinesNeverThrow() {
    byte[] good =
        "7 (t) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1"
            .getBytes(StandardCharsets.ISO_8859_1);
    Random random = new Random(20261122);
    for (int i = 0; i < 50_000; i++) {
      byte[] line = good.clone();
      for (int m = random.nextInt(8); m > 0; m--) {
        line[random.nextInt(line.length)] = (byte) random.nextInt(256);
      }
      ProcReader.Stat stat = ProcReader.parse(line, random.nextInt(line.length + 1));
      assertThat(stat == null || stat.startTicks() >= 0).isTrue();
    }
  }
}
