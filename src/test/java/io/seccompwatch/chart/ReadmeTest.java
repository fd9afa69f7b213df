package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The chart's README is what its values say. */
class ReadmeTest {

  @Test
  void its_table_of_values_is_up_to_date() throws IOException, InterruptedException {
    Process check =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    Path.of("src", "build", "java", "ChartReadme.java").toString(),
                    Chart.DIRECTORY.toString(),
                    "--check"))
            .redirectErrorStream(true)
            .start();
    String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(check.waitFor()).as(said).isZero();
  }
}
