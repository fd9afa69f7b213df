package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.CgroupOwner.Refused;
import io.seccompwatch.attribution.CgroupOwner.Unresolved;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CgroupParserTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final String UID = "a0b0c001-1234-4abc-8def-000000001001";
  private static final String OTHER_UID = "a0b0c002-1234-4abc-8def-000000001002";
  private static final String POD = "/kubepods/burstable/pod" + UID;
  private static final String SLICE =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda0b0c001_1234_4abc_8def_000000001001.slice";

  static List<CgroupCorpus.Row> corpus() throws IOException {
    return CgroupCorpus.rows();
  }

  @ParameterizedTest
  @MethodSource("corpus")
  void everyRowOfTheCorpusIsRight(CgroupCorpus.Row row) {
    CgroupOwner owner = new CgroupParser(row.anchor()).parse(row.text());
    if (row.expected() == null) {
      assertThat(owner).isNotInstanceOf(InContainer.class);
    } else {
      assertThat(ofNoTenant(owner)).isEqualTo(row.expected());
    }
  }

  static List<CgroupCorpus.Row> field() throws IOException {
    return CgroupCorpus.field();
  }

  @ParameterizedTest
  @MethodSource("field")
  void everyCgroupFromTheFieldIsRight(CgroupCorpus.Row row) {
    CgroupOwner owner = parse(row.text());
    InContainer expected = row.expected();
    if (expected == null) {
      assertThat(owner).isNotInstanceOf(InContainer.class);
    } else {
      assertThat(owner)
          .isInstanceOfSatisfying(
              InContainer.class,
              in -> {
                assertThat(in.podUid()).isEqualTo(expected.podUid());
                assertThat(in.containerId()).isEqualTo(expected.containerId());
              });
    }
  }

  private static CgroupOwner ofNoTenant(CgroupOwner owner) {
    return owner instanceof InContainer in
        ? new InContainer(in.podUid(), in.containerId(), in.runtime(), in.qos())
        : owner;
  }

  @Test
  void theCorpusIsWhole() throws IOException {
    assertThat(corpus()).hasSize(101);
    assertThat(field()).hasSize(15);
  }

  @Test
  void aContainersIdMayHaveAnotherFormRightBelowItsPod() {
    for (String id : List.of("0123456789ab", "c".repeat(32), UID)) {
      assertThat(parse("0::" + POD + "/" + id + "\n"))
          .isEqualTo(new InContainer(UID, id, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
    }
    for (String name : List.of("init.scope", "kata_" + A, "crio-" + A.substring(1), "abc", "web")) {
      assertThat(parse("0::" + POD + "/" + name + "\n"))
          .as(name)
          .isEqualTo(new InContainer(UID, null, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/user.slice/user-1000.slice/user@1000.service/app.slice/libpod-",
        "/system.slice/web.service/docker-",
      })
  void aContainerOfAServiceIsNamedButNotLookedForAmongPods(String place) {
    assertThat(parse("0::" + place + A + ".scope\n"))
        .isInstanceOfSatisfying(
            InContainer.class,
            in -> {
              assertThat(in.containerId()).isEqualTo(A);
              assertThat(Attribution.of(in, Attribution.Evidence.PROCFS).reason())
                  .isEqualTo(AttributionReason.TENANT_CGROUP);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"cri-containerd-", "crio-"})
  void aServiceHasNoContainersOfTheKubelet(String prefix) {
    String path = "/user.slice/user-1000.slice/user@1000.service/" + prefix + A + ".scope";
    assertThat(parse("0::" + path + "\n")).isEqualTo(new Host(false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/system.slice/containerd.service", ""})
  void containerdWithoutSystemdAppendsItsContainersWithColons(String parent) {
    String path = parent + "/kubepods-pod" + UID.replace('-', '_') + ".slice:cri-containerd:" + A;
    assertThat(parse("0::" + path + "\n"))
        .isEqualTo(new InContainer(UID, A, ContainerRuntime.CONTAINERD, QosClass.GUARANTEED));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/libpod_parent/" + "a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0",
        "/libpod_parent/conmon",
        "/machine.slice/machine-libpod_pod_a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0.slice",
        "/user.slice/podcast/x",
        "/podman.slice",
        "/system.slice/podman.service",
        "/kubepods.slice",
        "/kubepods/burstable",
        "/system.slice/run-a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0.scope",
        "/system.slice/x.service/a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d0",
      })
  void whatOnlyLooksLikeAContainerIsTheHost(String path) {
    assertThat(parse("0::" + path + "\n")).isInstanceOf(Host.class);
  }

  @Test
  void aProcessInThePodsOwnCgroupNamesThePodOnly() {
    assertThat(parse("0::" + POD + "\n"))
        .isEqualTo(new InContainer(UID, null, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
    assertThat(parse("0::" + POD + " (deleted)\n"))
        .isEqualTo(new InContainer(UID, null, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
  }

  @Test
  void aLineOfThePodAloneDoesNotContradictTheContainer() {
    assertThat(parse("3:cpu:" + POD + "\n2:pids:" + POD + "/" + A + "\n1:name=systemd:/\n"))
        .isEqualTo(new InContainer(UID, A, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
  }

  @Test
  void conmonIsTheHostEvenWhenSomeHierarchiesNameOnlyItsPod() {
    String text =
        "3:cpuset:" + SLICE + "\n1:name=systemd:" + SLICE + "/crio-conmon-" + A + ".scope\n";
    assertThat(parse(text)).isEqualTo(new Host(true));
    assertThat(parse(text + "2:pids:" + SLICE + "/crio-" + A + ".scope\n"))
        .isEqualTo(new Refused(AttributionReason.CGROUP_CONFLICT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage",
        "0:",
        "x::/kubepods",
        "0::kubepods",
        "0::/a/../b",
        "::/",
        "0::/\nrest",
      })
  void aLineThatNoKernelWritesRefusesTheFile(String text) {
    assertThat(parse(text)).isEqualTo(new Refused(AttributionReason.CGROUP_MALFORMED));
  }

  @Test
  void nothingReadableIsSaidAsSuch() {
    assertThat(parse("")).isEqualTo(new Refused(AttributionReason.CGROUP_EMPTY));
    assertThat(parse("0::/\n")).isEqualTo(new Unresolved());
    assertThat(parse("2:cpu:/\n1:pids:/\n0::/\n")).isEqualTo(new Unresolved());
    assertThat(parse("0::/" + "x".repeat(CgroupParser.MAX_BYTES)))
        .isEqualTo(new Refused(AttributionReason.CGROUP_MALFORMED));
  }

  @Test
  void underTheAnchorOnlyThisKubeletsPodsCount() {
    CgroupAnchor anchor =
        CgroupAnchor.of("0::/kubepods/besteffort/pod" + OTHER_UID + "/" + B + "\n", OTHER_UID);
    CgroupParser parser = new CgroupParser(anchor);
    assertThat(parser.parse("0::" + POD + "/" + A + "\n"))
        .isEqualTo(new InContainer(UID, A, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
    assertThat(parser.parse("0::/user.slice/user-1000.slice/user@1000.service" + POD + "/" + A))
        .as("a user's delegated cgroup")
        .isNotInstanceOf(InContainer.class);
    assertThat(parser.parse("0::/docker/" + B + POD + "/" + A))
        .as("another cluster in a container of this node")
        .isEqualTo(new InContainer(null, B, ContainerRuntime.DOCKER, null));
    assertThat(parser.parse("0::/evil" + POD + "/\n"))
        .isEqualTo(new Refused(AttributionReason.FOREIGN_POD));
  }

  @Test
  void insideAKindNodeTheAnchorIsTheInnerKubelet() {
    String node = "/docker/" + B + "/kubelet";
    CgroupAnchor anchor =
        CgroupAnchor.of("0::" + node + "/kubepods/besteffort/pod" + OTHER_UID + "/" + B, null);
    assertThat(anchor.roots()).containsExactly(List.of("docker", B, "kubelet", "kubepods"));
    assertThat(new CgroupParser(anchor).parse("0::" + node + POD + "/" + A))
        .isEqualTo(new InContainer(UID, A, ContainerRuntime.UNKNOWN, QosClass.BURSTABLE));
  }

  @Test
  void throughAPrivateNamespaceSiblingsAreInTheAgentsOwnPod() {
    CgroupParser parser = new CgroupParser(CgroupAnchor.of("0::/\n", OTHER_UID));
    assertThat(parser.parse("0::/../" + A + POD + "/" + B))
        .as("what a sibling makes below itself is its own doing")
        .isEqualTo(new InContainer(OTHER_UID, A, ContainerRuntime.UNKNOWN, null));
    assertThat(parser.parse("0::/\n"))
        .isEqualTo(new InContainer(OTHER_UID, null, ContainerRuntime.UNKNOWN, null));
    assertThat(parser.parse("0::/../../pod" + UID + "/" + A))
        .isEqualTo(new InContainer(UID, A, ContainerRuntime.UNKNOWN, null));
    assertThat(parser.parse("0::/../../../../system.slice/sshd.service"))
        .isEqualTo(new Host(false));
  }

  @Test
  void aPodBelowACriContainerIsNotBelieved() {
    CgroupParser parser = new CgroupParser(CgroupAnchor.of("0::/\n", null));
    assertThat(parser.parse("0::/../cri-containerd-" + A + ".scope" + POD + "/" + B))
        .isEqualTo(new InContainer(null, A, ContainerRuntime.CONTAINERD, null));
  }

  @Test
  void aStaticPodsFreeTextUidIsTakenFromUnderKubepodsOnly() {
    assertThat(parse("0::/kubepods/podkube-vip/" + A))
        .isEqualTo(new InContainer("kube-vip", A, ContainerRuntime.UNKNOWN, QosClass.GUARANTEED));
    assertThat(parse("0::/kubepods.slice/kubepods-podkube_vip.slice/crio-" + A + ".scope"))
        .isEqualTo(new InContainer("kube-vip", A, ContainerRuntime.CRI_O, QosClass.GUARANTEED));
    assertThat(parse("0::/burstable/podkube-vip/x")).isEqualTo(new Host(false));
  }

  private static CgroupOwner parse(String text) {
    return new CgroupParser(CgroupAnchor.NONE).parse(text);
  }
}
