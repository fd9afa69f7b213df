package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.Mode;
import io.seccompwatch.posture.NodePosture;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.RequestedProfile;
import io.seccompwatch.profile.Visibility;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ContainersCheckTest {

  private static final String SILENT =
      "RuntimeDefault returns ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing";

  private static ContainerPosture container(
      @Nullable String pod, Mode mode, boolean visible, String reason) {
    return new ContainerPosture(
        pod == null ? null : "prod",
        pod,
        pod == null ? null : "app",
        "0123456789abcdef",
        1,
        new RequestedProfile(
            RequestedProfile.Type.UNKNOWN, null, RequestedProfile.From.UNSET, false, null),
        mode,
        1,
        visible,
        reason);
  }

  private static List<Finding> run(List<ContainerPosture> containers, int skipped) {
    NodePosture node = new NodePosture(Visibility.KERNEL_DEFAULT, false, "on", null, null);
    return new ContainersCheck(() -> new Posture(node, containers, skipped)).run();
  }

  @Test
  void counts_those_whose_denials_are_written_and_says_why_the_others_are_not() {
    List<Finding> findings =
        run(
            List.of(
                container("api", Mode.FILTER, true, "the kernel writes down ERRNO"),
                container("shell", Mode.DISABLED, true, "no filter is loaded"),
                container("web-1", Mode.FILTER, false, SILENT),
                container("web-2", Mode.FILTER, false, SILENT),
                container(null, Mode.FILTER, false, "the filter is not known")),
            0);
    assertThat(findings)
        .extracting(Finding::what)
        .containsExactly(
            "5 run; denials of 2 would be written down, 1 of them without a filter",
            "denials of 2 are not written down: " + SILENT + " (prod/web-1/app, prod/web-2/app)",
            "denials of 1 are not written down: the filter is not known (0123456789ab)");
    assertThat(findings.get(1).level()).isEqualTo(Level.PROBLEM);
    assertThat(findings.get(1).remedy()).contains("SECCOMP_FILTER_FLAG_LOG");
  }

  @Test
  void a_node_full_of_reasons_does_not_fill_the_report() {
    List<ContainerPosture> many = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      many.add(container("p" + i, Mode.FILTER, false, "the Localhost profile " + i));
    }
    assertThat(run(many, 7)).hasSize(12);
  }

  @Test
  void none_may_be_out_of_sight() {
    assertThat(run(List.of(), 0))
        .singleElement()
        .extracting(Finding::what)
        .isEqualTo("none runs here, or none is to be seen from here");
  }
}
