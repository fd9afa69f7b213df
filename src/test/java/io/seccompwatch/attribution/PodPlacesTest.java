package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.CgroupOwner.Refused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cgroups that are made to look like a pod's, against the real ones, on directories that stand for
 * a hierarchy of pure v2.
 */
final class PodPlacesTest {
  private static final long SEED = 20261130;
  private static final String UID = "a0b0c001-1234-4abc-8def-000000001001";
  private static final String ESCAPED = UID.replace('-', '_');
  private static final String OWN_UID = "a0b0c002-1234-4abc-8def-000000001002";
  private static final String ID = "a".repeat(64);
  private static final String NODE = "b".repeat(64);
  private static final String USER = "/user.slice/user-1000.slice/user@1000.service";

  /** A pod as each driver and runtime spells it, without the directories above. */
  private static final List<String> PODS =
      List.of(
          "/kubepods/besteffort/pod" + UID + "/" + ID,
          "/kubepods/pod" + UID + "/" + ID,
          "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"
              + ESCAPED
              + ".slice/cri-containerd-"
              + ID
              + ".scope",
          "/kubepods.slice/kubepods-pod" + ESCAPED + ".slice/crio-" + ID + ".scope/container",
          "/kubepods-burstable-pod" + ESCAPED + ".slice:cri-containerd:" + ID,
          "/pod" + UID + "/" + ID,
          "/burstable/pod" + UID + "/" + ID,
          "/kubepods/besteffort/pod" + UID,
          "/k8s.io/" + ID,
          "/" + ID,
          "/cri-containerd-" + ID + ".scope");

  /** Places whose users make cgroups as they like. */
  private static final List<String> TENANTS =
      List.of(
          USER,
          "/user.slice/user-1000.slice/session-3.scope",
          "/machine.slice/systemd-nspawn@web.service/payload",
          "/machine.slice/machine-web.scope",
          "/system.slice/build.service",
          "/system.slice/run-u5.scope",
          "/lxc/web1",
          "/lxc.payload.web1",
          "/buildkit/x0zj2",
          "/docker/" + NODE,
          "/system.slice/docker-" + NODE + ".scope",
          "/machine.slice/libpod-" + NODE + ".scope/container",
          USER + "/user.slice/libpod-" + NODE + ".scope/container/kubelet.slice",
          "/nomad/web",
          "/given");

  @TempDir Path directory = Path.of("");

  private final Set<Path> tenants = new HashSet<>();
  private Path cgroup = Path.of("");

  @SuppressWarnings("NullAway.Init") // made before each test
  private FakeProc proc;

  @BeforeEach
  void anEmptyHierarchy() throws IOException {
    cgroup = Files.createDirectories(directory.resolve("cgroup"));
    Files.createFile(cgroup.resolve("cgroup.controllers"));
    Files.createFile(cgroup.resolve("cgroup.procs"));
    proc = new FakeProc(Files.createDirectories(directory.resolve("proc")));
    for (String place : TENANTS) {
      make(place);
      tenants.add(cgroup.resolve(place.substring(1)));
    }
  }

  @Test
  void aPodInATenantsPlaceIsNeverNamed() {
    for (String place : TENANTS) {
      for (String pod : PODS) {
        neverThePod(parser(CgroupAnchor.NONE), place + pod);
        neverThePod(parser(inOwnPod()), place + pod);
      }
    }
  }

  @Test
  void neitherThroughAPrivateCgroupNamespace() {
    CgroupAnchor own = CgroupAnchor.of("0::/\n", OWN_UID);
    for (String place : TENANTS) {
      for (String pod : PODS) {
        neverThePod(new CgroupParser(own), "/../../../.." + place + pod);
        neverThePod(new CgroupParser(CgroupAnchor.of("0::/\n", null)), "/../.." + place + pod);
      }
    }
  }

  @Test
  void withoutTheCgroupFileSystemAUsersOrAServicesCgroupIsNoPodsEither() {
    for (String place : TENANTS) {
      if (!place.contains("docker") && !place.contains("libpod") && !place.equals("/given")) {
        PODS.stream()
            .filter(pod -> pod.contains("pod"))
            .forEach(pod -> neverThePod(new CgroupParser(CgroupAnchor.NONE), place + pod));
      }
    }
  }

  @Test
  void anyPlaceBelowATenantsIsTheTenants() {
    Random random = new Random(SEED);
    List<String> below =
        List.of(
            "/a",
            "/kubelet",
            "/kubelet.slice",
            "/init.scope",
            "/kubepods",
            "/kubepods.slice",
            "/x.slice",
            "/docker",
            "/user.slice",
            "/ns",
            "/burstable",
            "/container",
            "/evil.service");
    List<CgroupParser> agents =
        List.of(parser(CgroupAnchor.NONE), parser(inOwnPod()), parser(inPrivateNamespace()));
    for (int i = 0; i < 4_000; i++) {
      StringBuilder path = new StringBuilder(TENANTS.get(random.nextInt(TENANTS.size())));
      for (int n = random.nextInt(4); n > 0; n--) {
        path.append(below.get(random.nextInt(below.size())));
      }
      path.append(PODS.get(random.nextInt(PODS.size())));
      int agent = random.nextInt(agents.size());
      neverThePod(agents.get(agent), (agent == 2 ? "/../../../.." : "") + path);
    }
  }

  @Test
  void theOutermostContainerIsTheAnswerWhereThereIsOne() {
    assertThat(parse("/docker/" + NODE + PODS.getFirst()))
        .isEqualTo(new InContainer(null, NODE, ContainerRuntime.DOCKER, null));
    assertThat(parse(USER + PODS.getFirst())).isEqualTo(new Host(false));
    assertThat(parse("/given" + PODS.getFirst())).isEqualTo(new Host(false));
    assertThat(parse("/nobody/knows/this/place" + PODS.getFirst()))
        .isEqualTo(new Refused(AttributionReason.FOREIGN_POD));
  }

  @Test
  void directlyBelowTheRootPodsAreThoseOfTheKubelet() {
    PODS.stream()
        .filter(pod -> pod.contains("pod"))
        .forEach(pod -> assertThat(podOf(parse(pod))).as(pod).isEqualTo(UID));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/something",
        "/custom.slice/custom-kube.slice",
        "/kuberuntime/containerd",
        "/system.slice/containerd.service",
      })
  void aCgroupRootThatRootOwnsIsTheKubelets(String root) throws IOException {
    make(root);
    boolean service = root.endsWith(".service");
    String pod = service ? PODS.get(4) : "/pod" + UID + "/" + ID;
    assertThat(podOf(parse(root + pod))).isEqualTo(UID);
    assertThat(podOf(new CgroupParser(CgroupAnchor.NONE).parse("0::" + root + pod))).isEqualTo(UID);
    tenants.add(cgroup.resolve(root.substring(1)));
    neverThePod(parser(CgroupAnchor.NONE), root + pod);
  }

  @Test
  void whereAKubeletTellsItsCgroupRootNoOtherCounts() throws IOException {
    make("/something");
    make("/other");
    kubelet(500, "0::/system.slice/kubelet.service", "kubelet\0--cgroup-root=/something\0");
    assertThat(podOf(parse("/something/pod" + UID + "/" + ID))).isEqualTo(UID);
    assertThat(podOf(parse("/something" + PODS.getFirst()))).isEqualTo(UID);
    neverThePod(parser(CgroupAnchor.NONE), "/other/pod" + UID + "/" + ID);
    make("/something.slice/something-kubepods.slice");
    assertThat(
            podOf(
                parse(
                    "/something.slice/something-kubepods.slice/something-kubepods-pod"
                        + ESCAPED
                        + ".slice/crio-"
                        + ID
                        + ".scope")))
        .isEqualTo(UID);
  }

  @Test
  void theCgroupRootIsReadFromTheKubeletsConfiguration() throws IOException {
    make("/configured");
    kubelet(500, "0::/system.slice/kubelet.service", "/usr/bin/kubelet\0--config=/var/k.yaml\0");
    proc.write("500/root/var/k.yaml", "kind: KubeletConfiguration\ncgroupRoot: /configured\n");
    assertThat(podOf(parse("/configured/pod" + UID + "/" + ID))).isEqualTo(UID);
    neverThePod(parser(CgroupAnchor.NONE), "/given/pod" + UID + "/" + ID);
    neverThePod(parser(CgroupAnchor.NONE), "/something/pod" + UID + "/" + ID);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/docker/" + "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "/system.slice/docker-"
            + "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.scope",
        "/lxc/web1/ns",
        "/machine.slice/systemd-nspawn@web.service/payload",
      })
  void aContainerWithAKubeletInItIsANode(String node) {
    kubelet(500, "0::" + node + "/system.slice/k3s.service", "/usr/bin/k3s\0server\0");
    assertThat(podOf(parse(node + PODS.getFirst()))).isEqualTo(UID);
    neverThePod(parser(CgroupAnchor.NONE), node + "/system.slice/evil.service" + PODS.getFirst());
    neverThePod(parser(CgroupAnchor.NONE), "/docker/" + "c".repeat(64) + PODS.getFirst());
  }

  @Test
  void kindsCgroupRootLiesBelowItsNode() {
    String node = "/docker/" + NODE;
    kubelet(
        500, "0::" + node + "/kubelet.slice/kubelet.service", "kubelet\0--cgroup-root\0/kubelet");
    assertThat(podOf(parse(node + "/kubelet" + PODS.getFirst()))).isEqualTo(UID);
    assertThat(
            podOf(
                parse(
                    node
                        + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod"
                        + ESCAPED
                        + ".slice/cri-containerd-"
                        + ID
                        + ".scope")))
        .isEqualTo(UID);
    neverThePod(parser(CgroupAnchor.NONE), node + "/other" + PODS.getFirst());
  }

  @Test
  void aProcessWithoutTheMachinesRightsIsNoKubelet() {
    String cgroup = "0::/docker/" + NODE + "/kubelet";
    String path = "/docker/" + NODE + PODS.getFirst();
    kubelet(500, cgroup, "kubelet\0");
    assertThat(podOf(parse(path))).isEqualTo(UID);
    proc.write("500/status", "Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\n");
    neverThePod(parser(CgroupAnchor.NONE), path);
    proc.write("500/status", "Uid:\t1000\t0\t0\t0\nCapEff:\t000001ffffffffff\n");
    neverThePod(parser(CgroupAnchor.NONE), path);
    kubelet(500, cgroup, "kubelet\0");
    proc.write(
        "500/uid_map", "         0       1000          1\n         1     100000      65536\n");
    neverThePod(parser(CgroupAnchor.NONE), path);
  }

  @Test
  void inAPrivateNamespaceTheAgentFindsItsPlaceAmongTheCgroups() throws IOException {
    CgroupAnchor anchor = inPrivateNamespace();
    assertThat(anchor.roots()).containsExactly(List.of("kubepods"));
    CgroupParser parser = new CgroupParser(anchor);
    assertThat(parser.parse("0::/\n"))
        .isEqualTo(new InContainer(OWN_UID, ID, ContainerRuntime.UNKNOWN, QosClass.BESTEFFORT));
    assertThat(podOf(parser.parse("0::/../../pod" + UID + "/" + NODE))).isEqualTo(UID);
    assertThat(podOf(parser.parse("0::/../../podkube-vip/" + NODE))).isEqualTo("kube-vip");
    assertThat(podOf(parser.parse("0::/../../../burstable/pod" + UID + "/" + NODE))).isEqualTo(UID);
    assertThat(parser.parse("0::/../../../../system.slice/sshd.service"))
        .isEqualTo(new Host(false));
    assertThat(parser.parse("0::/../../../..\n")).isEqualTo(new CgroupOwner.Unresolved());
  }

  @Test
  void theRootOfTheHierarchyIsNoPrivateNamespace() throws IOException {
    Files.writeString(cgroup.resolve("cgroup.procs"), "1\n77\n");
    CgroupAnchor anchor = CgroupAnchor.of("0::/\n", null, tree(), 77);
    assertThat(anchor.namespaceRoots()).isEmpty();
    assertThat(podOf(parser(anchor).parse("0::" + PODS.getFirst()))).isEqualTo(UID);
  }

  @Test
  void withoutAPlaceAPodLeavesTheAgentsAncestorsByItsOwnName() {
    CgroupParser parser = new CgroupParser(CgroupAnchor.of("0::/\n", OWN_UID));
    assertThat(podOf(parser.parse("0::/../../pod" + UID + "/" + ID))).isEqualTo(UID);
    assertThat(podOf(parser.parse("0::/../../podkube-vip/" + ID))).isEqualTo("kube-vip");
    assertThat(podOf(parser.parse("0::/../../../burstable/pod" + UID + "/" + ID))).isEqualTo(UID);
    neverThePod(parser, "/../../../../kubepods-not/pod" + UID + "/" + ID);
    neverThePod(parser, "/../../../../podman/" + ID);
  }

  @Test
  void onV1OneHierarchyThatATenantOwnsIsEnough() throws IOException {
    Path v1 = Files.createDirectories(directory.resolve("v1"));
    for (String controller : List.of("pids", "systemd")) {
      Files.createDirectories(v1.resolve(controller).resolve("something"));
      Files.createFile(v1.resolve(controller).resolve("cgroup.procs"));
    }
    String text = "2:pids:/something/pod" + UID + "/" + ID + "\n1:name=systemd:/\n";
    CgroupTree tree = CgroupTree.at(v1, path -> !tenants.contains(path));
    assertThat(podOf(new CgroupParser(CgroupAnchor.NONE, new PodPlaces(tree)).parse(text)))
        .isEqualTo(UID);
    tenants.add(v1.resolve("systemd/something"));
    assertThat(new CgroupParser(CgroupAnchor.NONE, new PodPlaces(tree)).parse(text))
        .isEqualTo(new Host(false));
  }

  private static CgroupAnchor inOwnPod() {
    return CgroupAnchor.of("0::/kubepods/besteffort/pod" + OWN_UID + "/" + ID + "\n", OWN_UID);
  }

  private CgroupAnchor inPrivateNamespace() {
    try {
      Path own = make("/kubepods/besteffort/pod" + OWN_UID + "/" + ID);
      Files.writeString(own.resolve("cgroup.procs"), "77\n");
      return CgroupAnchor.of("0::/\n", OWN_UID, tree(), 77);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Path make(String path) throws IOException {
    return Files.createDirectories(cgroup.resolve(path.substring(1)));
  }

  private void kubelet(int pid, String cgroup, String commandLine) {
    proc.write(pid + "/comm", commandLine.contains("k3s") ? "k3s-server\n" : "kubelet\n");
    proc.write(pid + "/cmdline", commandLine);
    proc.write(pid + "/cgroup", cgroup + "\n");
    proc.write(pid + "/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n");
    proc.write(pid + "/uid_map", "         0          0 4294967295\n");
  }

  private CgroupTree tree() {
    return CgroupTree.at(cgroup, path -> exists(path) && !tenants.contains(path));
  }

  private static boolean exists(Path path) throws IOException {
    return Files.readAttributes(path, "*").size() > 0; // throws when it is not there
  }

  private CgroupParser parser(CgroupAnchor anchor) {
    PodPlaces places = new PodPlaces(tree());
    places.lookForKubelets(proc.proc, anchor);
    return new CgroupParser(anchor, places);
  }

  private CgroupOwner parse(String path) {
    return parser(CgroupAnchor.NONE).parse("0::" + path + "\n");
  }

  private static String podOf(CgroupOwner owner) {
    return owner instanceof InContainer in ? String.valueOf(in.podUid()) : owner.toString();
  }

  private static void neverThePod(CgroupParser parser, String path) {
    List<String> texts =
        List.of(
            "0::" + path + "\n",
            "0::" + path + " (deleted)\n",
            "1:name=systemd:" + path + "\n0::" + path + "\n",
            "1:name=systemd:" + path + "\n0::" + path + "/deeper\n");
    for (String text : texts) {
      CgroupParser.Reading reading = parser.read(text);
      for (CgroupOwner owner : new ArrayList<>(List.of(reading.alive(), reading.dead()))) {
        if (owner instanceof InContainer in) {
          assertThat(in.podUid()).as(path).isNull();
          boolean ofTenant = in.tenant() && in.runtime() == ContainerRuntime.DOCKER;
          assertThat(ID.equals(in.containerId()) && !ofTenant).as(path + " " + in).isFalse();
        }
      }
    }
  }
}
