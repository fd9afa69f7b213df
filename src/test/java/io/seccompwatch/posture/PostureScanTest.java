package io.seccompwatch.posture;

import static io.seccompwatch.posture.FakeNode.ERRNO;
import static io.seccompwatch.posture.FakeNode.ERRNO_TOLD;
import static io.seccompwatch.posture.FakeNode.ID;
import static io.seccompwatch.posture.FakeNode.KILL;
import static io.seccompwatch.posture.FakeNode.OTHER;
import static io.seccompwatch.posture.FakeNode.POD;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.testing.TestClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found of the containers of a node, and said of it. */
class PostureScanTest {

  private static final String SANDBOX = "3".repeat(64);

  private static final SeccompProfile DEFAULT = new SeccompProfile("RuntimeDefault", null);

  @TempDir private Path directory;
  private FakeNode node;
  private PodIndex pods;
  private AuditView audit = new AuditView("no rule is in the way", null, null);
  private PostureScan survey;

  @BeforeEach
  void start() {
    node = new FakeNode(directory);
    pods = new PodIndex(new TestClock(), PodIndex.Limits.DEFAULT);
    survey =
        new PostureScan(node.proc, node.reader(), node.running(), node.root, pods, () -> audit);
  }

  private void ask(@Nullable SeccompProfile profile, boolean privileged) {
    ask(profile, privileged, "containerd");
  }

  private void ask(@Nullable SeccompProfile profile, boolean privileged, String runtime) {
    PodFacts.Container container =
        new PodFacts.Container(
            "app",
            ContainerType.CONTAINER,
            null,
            profile,
            true,
            privileged,
            List.of(runtime + "://" + ID),
            List.of());
    pods.replaceAll(
        List.of(
            new PodFacts(
                POD, null, "prod", "api-1", null, null, null, List.of(), List.of(container))));
  }

  private static String configured(String seccomp) {
    return "{\"linux\":{\"seccomp\":" + seccomp + "}}";
  }

  private ContainerPosture only() {
    return survey.take().containers().getFirst();
  }

  @Test
  void aContainerIsToldWithWhatItAsksForAndWhatItHas() {
    ask(DEFAULT, false);
    node.filtered(100, ID, 1);
    assertThat(survey.take().containers())
        .containsExactly(
            new ContainerPosture(
                "prod",
                "api-1",
                "app",
                ID,
                100,
                new RequestedProfile(
                    RequestedProfile.Type.RUNTIME_DEFAULT,
                    null,
                    RequestedProfile.From.CONTAINER,
                    false,
                    "containerd"),
                Mode.FILTER,
                1,
                false,
                "RuntimeDefault returns ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes"
                    + " nothing (inferred: every known runtime's default does)"));
  }

  /** Mode as in the status, what the pod asks for, what the configuration says; "-" is none. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | RuntimeDefault | false | ERRNO     | false | RuntimeDefault returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "2 | RuntimeDefault | false | TOLD      | true  | the kernel writes down ERRNO",
        "2 | RuntimeDefault | false | KILL      | true  | the kernel writes down KILL_PROCESS",
        "2 | RuntimeDefault | false | broken    | false | RuntimeDefault returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing (inferred: every known runtime's"
            + " default does)",
        "2 | -              | false | -         | false | the kubelet's default profile returns"
            + " ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing (inferred: every"
            + " known runtime's default does)",
        "2 | Unconfined     | false | -         | false | the pod asks for none, yet a filter is"
            + " loaded: inherited from the node or the program's own; its flags cannot be read",
        "2 | RuntimeDefault | true  | -         | false | the container is privileged, yet a filter"
            + " is loaded: inherited from the node or the program's own; its flags cannot be read",
        "2 | Unconfined     | false | none      | false | the filter is not the runtime's:"
            + " inherited from the node or loaded by the program itself; its flags cannot be read",
        "2 | Perhaps        | false | -         | false | the filter is not known; a runtime's"
            + " default profile returns ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes"
            + " nothing (inferred)",
        "0 | Unconfined     | false | -         | true  | no filter is loaded, nothing can be"
            + " denied",
        "0 | -              | false | -         | true  | no filter is loaded, nothing can be"
            + " denied; the pod asks for none, and the kubelet gives none (seccompDefault)",
        "0 | -              | true  | -         | true  | no filter is loaded, nothing can be"
            + " denied; the container is privileged",
        "0 | RuntimeDefault | true  | -         | true  | no filter is loaded, nothing can be"
            + " denied; the pod asks for RuntimeDefault, but a privileged container gets none",
        "0 | RuntimeDefault | false | -         | true  | no filter is loaded, nothing can be"
            + " denied; the pod asks for RuntimeDefault and does not have it",
        "0 | RuntimeDefault | false | ERRNO     | false | its configuration has a filter that its"
            + " first process does not have, or not yet",
        "1 | Unconfined     | false | -         | true  | the kernel writes down KILL_THREAD",
      })
  void theVerdictFollowsFromModeSpecificationAndConfiguration(
      int mode,
      String type,
      boolean privileged,
      String configuration,
      boolean visible,
      String reason) {
    ask(type.equals("-") ? null : new SeccompProfile(type, null), privileged);
    node.process(100, ID, 100, "Seccomp:\t" + mode + "\nSeccomp_filters:\t1\n");
    switch (configuration) {
      case "ERRNO" -> node.containerd(ID, configured(ERRNO));
      case "TOLD" -> node.containerd(ID, configured(ERRNO_TOLD));
      case "KILL" -> node.containerd(ID, configured(KILL));
      case "none" -> node.containerd(ID, "{\"linux\":{}}");
      case "broken" -> node.containerd(ID, "{\"linux\":{\"seccomp\":7}}");
      default -> {}
    }
    assertThat(only())
        .extracting(ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(visible, reason);
  }

  @ParameterizedTest
  @CsvSource({
    "run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
    "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
    "run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
    "var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
    "run/containerd/io.containerd.runtime.v2.task/moby/ID/config.json",
    "run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/ID/config.json",
    "run/containers/storage/vfs-containers/ID/userdata/config.json",
    "var/lib/containers/storage/vfs-containers/ID/userdata/config.json",
    "run/containers/storage/overlay-containers/ID/userdata/config.json",
    "var/lib/containers/storage/overlay-containers/ID/userdata/config.json",
  })
  void theConfigurationIsFoundWhereRuntimesKeepIt(String path) {
    node.filtered(100, ID, 1);
    FakeNode.write(node.root.resolve(path.replace("ID", ID)), configured(ERRNO_TOLD));
    assertThat(only().denialsVisible()).isTrue();
  }

  @Test
  void aLocalhostProfileIsJudgedByItsFile() {
    ask(new SeccompProfile("Localhost", "profiles/app.json"), false);
    node.profile("profiles/app.json", ERRNO_TOLD);
    node.filtered(100, ID, 1);
    assertThat(only().reason()).isEqualTo("the kernel writes down ERRNO");
    assertThat(only().asked().localhostProfile()).isEqualTo("profiles/app.json");
  }

  /** containerd and cri-dockerd pass over {@code name} of a rule; CRI-O reads it. */
  @ParameterizedTest
  @CsvSource({
    "containerd, the profile denies nothing",
    "docker, the profile denies nothing",
    "cri-o, the profile returns ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
  })
  void aRuleOfTheOldFormCountsForTheRuntimesThatReadIt(String runtime, String reason) {
    ask(new SeccompProfile("Localhost", "old.json"), false, runtime);
    node.profile(
        "old.json",
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
            + "\"syscalls\":[{\"name\":\"chmod\",\"action\":\"SCMP_ACT_ERRNO\"}]}");
    node.filtered(100, ID, 1);
    assertThat(only().reason()).isEqualTo(reason);
  }

  @Test
  void whatTheRuntimeWasGivenBeatsWhatTheFileSays() {
    ask(new SeccompProfile("Localhost", "app.json"), false);
    node.profile("app.json", ERRNO_TOLD);
    node.containerd(ID, configured(ERRNO));
    node.filtered(100, ID, 1);
    assertThat(only().denialsVisible()).isFalse();
  }

  /** The runtime read the file when the container started; what it says later is for the next. */
  @Test
  void aFileThatChangesLaterChangesNothingForTheContainerThatRuns() {
    ask(new SeccompProfile("Localhost", "app.json"), false);
    node.profile("app.json", ERRNO_TOLD);
    node.filtered(100, ID, 1);
    assertThat(only().denialsVisible()).isTrue();
    node.profile("app.json", ERRNO);
    assertThat(only().denialsVisible()).isTrue();
  }

  @Test
  void aFileThatComesLaterIsReadThen() {
    ask(new SeccompProfile("Localhost", "app.json"), false);
    node.filtered(100, ID, 1);
    assertThat(only().reason())
        .isEqualTo(
            "the Localhost profile app.json is not there: whether it denies silently is not known;"
                + " give --host-root");
    node.profile("app.json", KILL);
    assertThat(only().denialsVisible()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../../secret.json",
        "a/../../../../../secret.json",
        "/secret.json",
        "link.json",
        "linked/secret.json",
        "pipe",
        ".",
        "missing/app.json",
      })
  void aProfilesNameNeverLeadsOutOfTheKubeletsDirectory(String name) throws Exception {
    FakeNode.write(node.root.resolve("secret.json"), KILL);
    node.profile("app.json", KILL);
    node.profile("a/app.json", KILL);
    Path profiles = node.root.resolve("var/lib/kubelet/seccomp");
    Files.createSymbolicLink(profiles.resolve("link.json"), node.root.resolve("secret.json"));
    Files.createSymbolicLink(profiles.resolve("linked"), node.root);
    assertThat(
            new ProcessBuilder("mkfifo", profiles.resolve("pipe").toString())
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    ask(new SeccompProfile("Localhost", name), false);
    node.filtered(100, ID, 1);
    assertThat(only())
        .satisfies(
            posture -> {
              assertThat(posture.denialsVisible()).isFalse();
              assertThat(posture.reason())
                  .startsWith("the Localhost profile " + name + " is ")
                  .endsWith("give --host-root");
            });
  }

  @Test
  void aLinkWithinTheKubeletsDirectoryIsFollowed() throws Exception {
    node.profile("real.json", KILL);
    Path profiles = node.root.resolve("var/lib/kubelet/seccomp");
    Files.createSymbolicLink(profiles.resolve("app.json"), Path.of("real.json"));
    ask(new SeccompProfile("Localhost", "app.json"), false);
    node.filtered(100, ID, 1);
    assertThat(only().denialsVisible()).isTrue();
  }

  @Test
  void aProfileThatChangedSinceTheContainerStartedProvesNothing() {
    ask(new SeccompProfile("Localhost", "app.json"), false);
    FakeNode.write(node.proc.resolve("uptime"), "9000.00 1.00\n");
    node.profile("app.json", KILL);
    node.filtered(100, ID, 1);
    assertThat(only())
        .extracting(ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(
            false,
            "the kernel writes down KILL_PROCESS, but not for certain: the profile's file has"
                + " changed since the container started");
  }

  @Test
  void whenAContainerStartedMustBeKnownToTrustAFile() throws Exception {
    Files.delete(node.proc.resolve("uptime"));
    ask(new SeccompProfile("Localhost", "app.json"), false);
    node.profile("app.json", KILL);
    node.filtered(100, ID, 1);
    assertThat(only().denialsVisible()).isFalse();
  }

  @Test
  void moreFiltersThanTheRuntimesLeaveNothingCertain() {
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 3);
    assertThat(only())
        .extracting(
            ContainerPosture::filters, ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(
            3,
            false,
            "the kernel writes down KILL_PROCESS, but not for certain: of its 3 filters only the"
                + " runtime's is known, not those inherited or its own");
  }

  @Test
  void anOldKernelThatDoesNotSayHowManyFiltersThereAreLeavesNothingCertain() {
    node.containerd(ID, configured(KILL));
    node.process(100, ID, 100, "Seccomp:\t2\nSpeculation_Store_Bypass:\tthread vulnerable\n");
    assertThat(only())
        .extracting(
            ContainerPosture::filters, ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(
            null,
            false,
            "the kernel writes down KILL_PROCESS, but not for certain: this kernel, older than"
                + " Linux 5.9, does not say how many filters there are");
  }

  @Test
  void doubtsAboutTheWayOfARecordLeaveNothingCertainButAContainerWithoutAFilter() {
    audit = AuditView.UNKNOWN;
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 1);
    node.process(200, OTHER, 100, "Seccomp:\t0\n");
    assertThat(survey.take().containers())
        .extracting(ContainerPosture::denialsVisible)
        .containsExactly(false, true);
    assertThat(only().reason())
        .isEqualTo(
            "the kernel writes down KILL_PROCESS, but not for certain: whether audit rules drop"
                + " seccomp records is not known");
  }

  /** Each with what runc and libseccomp add to what the profile says. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SCMP_ACT_KILL_PROCESS | false | all            | false | , but runc answers calls that are"
            + " newer than the profile with ENOSYS without SECCOMP_FILTER_FLAG_LOG: the kernel"
            + " writes nothing of these",
        "SCMP_ACT_KILL_PROCESS | true  | all            | true  | ''",
        "SCMP_ACT_KILL_PROCESS | true  | no errno       | false | , but runc answers calls that are"
            + " newer than the profile with ENOSYS, which actions_logged lacks: the kernel writes"
            + " nothing of these",
        "SCMP_ACT_KILL_PROCESS | true  | no kill_thread | false | , but calls of another ABI are"
            + " killed, and kernel.seccomp.actions_logged lacks kill_thread: the kernel writes"
            + " nothing of these",
        "SCMP_ACT_TRACE        | true  | no errno       | true  | ''",
      })
  void whatTheRuntimeAddsToTheProfileCounts(
      String action, boolean flag, String setting, boolean visible, String addition) {
    String flags = flag ? ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]" : "";
    String actions =
        setting.equals("all") ? FakeNode.ALL : FakeNode.ALL.replace(setting.substring(3), "");
    FakeNode.write(node.proc.resolve("sys/kernel/seccomp/actions_logged"), actions);
    node.containerd(ID, configured("{\"defaultAction\":\"" + action + "\"" + flags + "}"));
    node.filtered(100, ID, 1);
    String said = "the kernel writes down " + action.replace("SCMP_ACT_", "");
    assertThat(only())
        .extracting(ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(visible, said + addition);
  }

  @Test
  void theOldestProcessSpeaksForItsContainerAndTheNextOneWhenItHasEnded() {
    node.process(100, ID, 500, "Seccomp:\t0\n");
    node.process(200, ID, 400, "Seccomp:\t2\n");
    assertThat(only().mode()).isEqualTo(Mode.FILTER);
    node.end(200);
    assertThat(only().mode()).isEqualTo(Mode.DISABLED);
    node.end(100);
    assertThat(survey.take().containers()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "'quiet audit=0\n',        the kernel was booted with audit=0: it writes no audit records",
    "'audit=off',              the kernel was booted with audit=0: it writes no audit records",
    "'audit=0 audit=1',        ",
    "'audit=00 xaudit=0 quiet', ",
  })
  void aNodeWithoutAuditSeesNothing(String commandLine, @Nullable String blind) {
    FakeNode.write(node.proc.resolve("cmdline"), commandLine);
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 1);
    node.process(200, OTHER, 100, "Seccomp:\t0\n");
    Posture posture = survey.take();
    assertThat(posture.node().blind()).isEqualTo(blind);
    assertThat(posture.containers())
        .extracting(ContainerPosture::denialsVisible)
        .containsExactly(blind == null, true);
  }

  @Test
  void aKernelWithoutAuditSeesNothing() throws Exception {
    Files.delete(node.proc.resolve("self/loginuid"));
    assertThat(survey.take().node().blind())
        .isEqualTo("the kernel has no audit system (CONFIG_AUDIT)");
  }

  @Test
  void whatOthersFoundInTheWayHoldsForEveryContainer() {
    audit = new AuditView("enabled", "an audit rule excludes SECCOMP records", null);
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 1);
    assertThat(only().denialsVisible()).isFalse();
    assertThat(only().reason()).isEqualTo("an audit rule excludes SECCOMP records");
    assertThat(survey.take().node().auditing()).isEqualTo("enabled");
  }

  @Test
  void theSettingOfTheNodeCounts() {
    FakeNode.write(node.proc.resolve("sys/kernel/seccomp/actions_logged"), "kill_thread log\n");
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 1);
    assertThat(only().reason())
        .isEqualTo(
            "kernel.seccomp.actions_logged lacks kill_process: the kernel writes nothing of it");
    assertThat(survey.take().node().assumed()).isFalse();
  }

  @Test
  void aSettingThatCannotBeReadIsTakenToBeTheKernelsDefaultAndLeavesNothingCertain()
      throws Exception {
    Files.delete(node.proc.resolve("sys/kernel/seccomp/actions_logged"));
    node.containerd(ID, configured(KILL));
    node.filtered(100, ID, 1);
    assertThat(survey.take().node().assumed()).isTrue();
    assertThat(only())
        .extracting(ContainerPosture::denialsVisible, ContainerPosture::reason)
        .containsExactly(
            false,
            "the kernel writes down KILL_PROCESS, but not for certain:"
                + " kernel.seccomp.actions_logged cannot be read");
  }

  @Test
  void withoutKubernetesTheRuntimesAnnotationsNameTheContainer() {
    PostureScan alone = PostureScan.alone(node.proc, node.proc, null, node.root, null, () -> audit);
    node.filtered(100, ID, 1);
    node.filtered(200, OTHER, 1);
    node.containerd(
        ID,
        "{\"annotations\":{\"io.kubernetes.cri.sandbox-namespace\":\"prod\","
            + "\"io.kubernetes.cri.sandbox-name\":\"api-1\","
            + "\"io.kubernetes.cri.container-name\":\"app\"}}");
    node.containerd(OTHER, "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\"}}");
    assertThat(alone.take().containers())
        .singleElement()
        .satisfies(
            posture -> {
              assertThat(posture.named()).isTrue();
              assertThat(posture.pod()).isEqualTo("api-1");
              assertThat(posture.asked().type()).isEqualTo(RequestedProfile.Type.UNKNOWN);
            });
  }

  @Test
  void aPodsOwnContainerIsTheFirstOneAndHasNoNameInItsStatus() {
    ask(DEFAULT, false);
    node.process(90, SANDBOX, 90, "Seccomp:\t2\nSeccomp_filters:\t1\n");
    node.filtered(100, ID, 1);
    node.process(110, OTHER, 110, "Seccomp:\t2\nSeccomp_filters:\t1\n");
    assertThat(survey.take().containers())
        .as("one whose status has not come yet is told by its id")
        .extracting(ContainerPosture::containerId)
        .containsExactly(ID, OTHER);
  }

  @Test
  void aFirstContainerThatTheStatusNamesIsTheUsers() {
    ask(DEFAULT, false);
    node.filtered(100, ID, 1);
    assertThat(only().container()).isEqualTo("app");
  }

  @Test
  void anUnknownContainerIsToldByItsId() {
    node.filtered(100, ID, 1);
    assertThat(only().named()).isFalse();
    assertThat(only().containerId()).isEqualTo(ID);
    assertThat(only().reason()).startsWith("the filter is not known; ");
  }
}
