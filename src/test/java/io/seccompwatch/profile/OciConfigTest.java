package io.seccompwatch.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.profile.OciConfig.Identity;
import io.seccompwatch.profile.ProfileReader.ProfileException;
import io.seccompwatch.record.SeccompAction;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of a container's OCI configuration. */
class OciConfigTest {

  private static OciConfig read(String json) throws Exception {
    return OciConfig.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void theProfileIsReadFromBetweenWhatIsNobodysBusiness() throws Exception {
    OciConfig config =
        read(
            "{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"sh\",\"-c\",\""
                + "x".repeat(100_000)
                + "\"],\"env\":[\"PASSWORD="
                + "y".repeat(100_000)
                + "\",\"A={\\\"linux\\\":1}\"]},\"linux\":{\"resources\":{},\"seccomp\":"
                + "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"},\"maskedPaths\":[\"/proc/acpi\"]}}");
    assertThat(Objects.requireNonNull(config.seccomp()).defaultAction())
        .isEqualTo(SeccompAction.KILL_PROCESS);
    assertThat(config.identity()).isEqualTo(Identity.NONE);
    assertThat(config.toString()).doesNotContain("PASSWORD", "yyy", "xxx");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"linux\":null}",
        "{\"linux\":{}}",
        "{\"linux\":{\"seccomp\":null}}",
        "{\"linux\":{\"seccomp\":{}}}", // runc's SetupSeccomp
        "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_KILL\"},\"seccomp\":null}}",
      })
  void withoutAProfileTheRuntimeLoadsNoFilter(String json) throws Exception {
    assertThat(read(json).seccomp()).isNull();
  }

  /** As Go's encoding/json, by which runtimes read, does with a pointer to a structure. */
  @Test
  void fieldsInAnyCaseCountAndWhatIsSaidTwiceIsPutTogether() throws Exception {
    Profile profile =
        Objects.requireNonNull(
            read("{\"LINUX\":{\"Seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":"
                    + "[\"SECCOMP_FILTER_FLAG_LOG\"]}},\"linux\":{\"\u017feccomp\":"
                    + "{\"DefaultAction\":\"SCMP_ACT_ERRNO\"}}}")
                .seccomp());
    assertThat(profile.defaultAction()).isEqualTo(SeccompAction.ERRNO);
    assertThat(profile.logs()).isTrue();
  }

  /** The specification of runtimes has no {@code name}; that is in files of profiles alone. */
  @Test
  void theOldNameOfARuleMeansNothingToARuntime() throws Exception {
    Profile profile =
        Objects.requireNonNull(
            read("{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":"
                    + "[{\"name\":\"acct\",\"action\":\"SCMP_ACT_ERRNO\"}]}}}")
                .seccomp());
    assertThat(profile.actions()).containsExactly(SeccompAction.ALLOW);
  }

  static Stream<Arguments> identities() {
    return Stream.of(
        Arguments.of(
            "containerd",
            """
            {"annotations":{"io.kubernetes.cri.container-name":"app",
             "io.kubernetes.cri.container-type":"container",
             "io.kubernetes.cri.sandbox-id":"aa","io.kubernetes.cri.sandbox-name":"api-1",
             "io.kubernetes.cri.sandbox-namespace":"prod"}}
            """,
            new Identity("prod", "api-1", "app", null, false)),
        Arguments.of(
            "containerd's pod",
            """
            {"annotations":{"io.kubernetes.cri.container-type":"sandbox",
             "io.kubernetes.cri.sandbox-name":"api-1",
             "io.kubernetes.cri.sandbox-namespace":"prod"}}
            """,
            new Identity("prod", "api-1", null, null, true)),
        Arguments.of(
            "CRI-O",
            """
            {"annotations":{"io.kubernetes.container.name":"app",
             "io.kubernetes.cri-o.ContainerType":"container","io.kubernetes.pod.name":"api-1",
             "io.kubernetes.pod.namespace":"prod","io.kubernetes.cri-o.Labels":"{}"}}
            """,
            new Identity("prod", "api-1", "app", null, false)),
        Arguments.of(
            "containerd with the pod's UID",
            """
            {"annotations":{"io.kubernetes.cri.container-name":"app",
             "io.kubernetes.cri.sandbox-name":"api-1",
             "io.kubernetes.cri.sandbox-namespace":"prod",
             "io.kubernetes.cri.sandbox-uid":"5ecc0a7c-0001-4abc-8def-000000000001"}}
            """,
            new Identity("prod", "api-1", "app", "5ecc0a7c-0001-4abc-8def-000000000001", false)),
        Arguments.of(
            "a pod's own annotation that CRI-O passes on",
            """
            {"annotations":{"io.kubernetes.container.name":"app",
             "io.kubernetes.cri-o.ContainerType":"container",
             "io.kubernetes.cri.container-type":"sandbox",
             "io.kubernetes.cri.sandbox-name":"victim",
             "io.kubernetes.pod.name":"api-1","io.kubernetes.pod.namespace":"prod"}}
            """,
            Identity.NONE),
        Arguments.of(
            "a pod's own annotation that containerd passes on by pod_annotations",
            """
            {"annotations":{"io.kubernetes.cri.container-name":"app",
             "io.kubernetes.cri.container-type":"container",
             "io.kubernetes.cri.sandbox-name":"api-1",
             "io.kubernetes.cri.sandbox-namespace":"prod",
             "io.kubernetes.pod.namespace":"victims"}}
            """,
            Identity.NONE),
        Arguments.of(
            "both, which agree",
            """
            {"annotations":{"io.kubernetes.cri.sandbox-name":"api-1",
             "io.kubernetes.cri.sandbox-namespace":"prod",
             "io.kubernetes.container.name":"app","io.kubernetes.pod.name":"api-1"}}
            """,
            new Identity("prod", "api-1", "app", null, false)),
        Arguments.of(
            "names that are none",
            """
            {"annotations":{"io.kubernetes.container.name":"App",
             "io.kubernetes.pod.name":"a\\nb","io.kubernetes.pod.namespace":7}}
            """,
            Identity.NONE),
        Arguments.of("none", "{\"annotations\":null}", Identity.NONE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("identities")
  void theAnnotationsOfBothRuntimesNameTheContainer(String who, String json, Identity identity)
      throws Exception {
    assertThat(read(json).identity()).as(who).isEqualTo(identity);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{\"linux\":7}",
        "{\"linux\":{\"seccomp\":[]}}",
        "{\"linux\":{\"seccomp\":{\"syscalls\":[{\"action\":\"SCMP_ACT_LOG\"}]}}}",
        "{\"annotations\":[]}",
        "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}",
        "\u0000",
      })
  void whatIsNoConfigurationIsRefused(String json) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(ProfileException.class);
  }

  @Test
  void whatIsTooLargeIsRefused() throws Exception {
    String around = "{\"process\":\"\"}";
    String largest =
        around.replace(":\"", ":\"" + "a".repeat(OciConfig.MAX_BYTES - around.length()));
    assertThat(read(largest).seccomp()).isNull();
    assertThatThrownBy(() -> read(largest.replace("aa\"", "aaa\"")))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("larger than 4194304 bytes");
  }
}
