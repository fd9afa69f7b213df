package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import io.seccompwatch.publish.ContainerTable.ContainerSeries.Bounded;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The series of containers come and go with them, and stay below the cap. */
class ContainerTableTest {

  private final ContainerTable table = new ContainerTable(2);

  private static ContainerSeries series(String container, String mode) {
    return new ContainerSeries("prod", "api-1", container, "unset", "", mode, true);
  }

  private Bounded replace(String... containers) {
    table.replace(Arrays.stream(containers).map(c -> series(c, "filter")).toList());
    return table.series();
  }

  private static List<String> names(Bounded bounded) {
    return bounded.series().stream().map(ContainerSeries::container).toList();
  }

  @Test
  void aSeriesGoesWithItsContainer() {
    assertThat(names(replace("a", "b"))).containsExactly("a", "b");
    assertThat(names(replace("b"))).containsExactly("b");
    assertThat(names(replace())).isEmpty();
  }

  @Test
  void whatDoesNotFitIsCountedOnceAndFitsLater() {
    assertThat(replace("a", "b", "c").overflowed()).isEqualTo(1);
    assertThat(replace("c", "b", "a").overflowed()).isEqualTo(1);
    assertThat(names(table.series())).containsExactly("a", "b");
    assertThat(names(replace("c", "b"))).containsExactly("b", "c");
    assertThat(replace("a", "b", "c").overflowed()).isEqualTo(2);
  }

  @Test
  void ofTwoRunsOfOneContainerTheFirstCounts() {
    table.replace(List.of(series("a", "filter"), series("a", "disabled")));
    assertThat(table.series().series()).containsExactly(series("a", "filter"));
  }
}
