package io.seccompwatch.posture;

import static io.seccompwatch.posture.FakeNode.ID;
import static io.seccompwatch.posture.FakeNode.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.RunningContainers;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import io.seccompwatch.testing.FakePods;
import java.nio.file.Path;
import java.util.Collection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the containers are looked at again. */
class PostureWatchTest {

  @TempDir private Path directory;
  private final FakePods pods = new FakePods();
  private FakeNode node;
  private PostureWatch watch;
  private long millis;

  @BeforeEach
  void start() {
    node = new FakeNode(directory);
    node.filtered(100, ID, 1);
    PostureScan survey =
        new PostureScan(
            node.proc, node.reader(), node.running(), node.root, pods, () -> AuditView.UNKNOWN);
    watch = new PostureWatch(survey, pods, () -> millis);
  }

  private boolean looksAfter(long seconds) {
    millis += seconds * 1_000;
    return watch.glance() != null;
  }

  private void settle() {
    for (int i = 0; i < 4; i++) {
      looksAfter(5);
    }
    assertThat(looksAfter(0)).isFalse();
  }

  @Test
  void aNewContainerIsLookedAtAtOnceAndTwiceAfterwards() {
    assertThat(watch.posture()).isNull();
    assertThat(looksAfter(0)).isTrue();
    assertThat(looksAfter(5)).isTrue();
    assertThat(looksAfter(5)).isTrue();
    assertThat(looksAfter(5)).isFalse();
    node.filtered(200, OTHER, 1);
    assertThat(looksAfter(5)).isTrue();
    assertThat(watch.posture()).isNotNull().extracting(p -> p.containers().size()).isEqualTo(2);
  }

  @Test
  void aContainerThatEndedIsGoneAtTheNextGlance() {
    settle();
    node.end(100);
    assertThat(looksAfter(5)).isTrue();
    assertThat(watch.posture()).isNotNull().extracting(p -> p.containers().size()).isEqualTo(0);
  }

  /** Whoever keeps the history of processes may look only every half a minute. */
  @Test
  void aContainerThatEndedIsGoneThoughTheHistoryHasItStill() {
    Collection<ContainerProcess> remembered = node.running().oldest(RunningContainers.NONE);
    PostureScan survey =
        new PostureScan(
            node.proc,
            node.reader(),
            without -> remembered.stream().filter(p -> !without.contains(p)).toList(),
            node.root,
            pods,
            () -> AuditView.UNKNOWN);
    watch = new PostureWatch(survey, pods, () -> millis);
    settle();
    assertThat(watch.posture()).isNotNull().extracting(p -> p.containers().size()).isEqualTo(1);
    node.end(100);
    assertThat(looksAfter(5)).isTrue();
    assertThat(watch.posture()).isNotNull().extracting(p -> p.containers().size()).isEqualTo(0);
  }

  @Test
  void allAreLookedAtOnceAMinute() {
    settle();
    assertThat(looksAfter(40)).isFalse();
    assertThat(looksAfter(20)).isTrue();
    assertThat(looksAfter(5)).isFalse();
  }

  @Test
  void podsThatChangeAllTheTimeCostNoMoreThanALookInFifteenSeconds() {
    settle();
    int looks = 0;
    for (int i = 0; i < 12; i++) {
      pods.synced(i % 2 == 0);
      looks += looksAfter(5) ? 1 : 0;
    }
    assertThat(looks).isBetween(3, 4);
  }
}
