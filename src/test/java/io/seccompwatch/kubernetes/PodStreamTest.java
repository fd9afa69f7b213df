package io.seccompwatch.kubernetes;

import static io.seccompwatch.testing.PodJson.container;
import static io.seccompwatch.testing.PodJson.containerStatus;
import static io.seccompwatch.testing.PodJson.list;
import static io.seccompwatch.testing.PodJson.object;
import static io.seccompwatch.testing.PodJson.terminated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.testing.PodJson;
import io.seccompwatch.testing.TestClock;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PodStreamTest {

  private static final String ID = "containerd://" + "a".repeat(64);
  private static final String OLD = "containerd://" + "b".repeat(64);
  private static final String OLDER = "containerd://" + "c".repeat(64);

  private final SkipCounts skips = new SkipCounts();
  private final PodStream stream = new PodStream(PodJson.NODE, skips);

  private static PodJson sample() {
    return new PodJson("prod", "api-7d9f-x2x", "u1");
  }

  private PodStream.Page readList(String json) throws IOException {
    return stream.list(Bodies.of(json));
  }

  private @Nullable PodFacts read(PodJson pod) throws IOException {
    List<PodFacts> pods = readList(PodJson.list("1", List.of(pod))).pods();
    return pods.isEmpty() ? null : pods.getFirst();
  }

  private PodFacts readWhole(PodJson pod) throws IOException {
    PodFacts facts = read(pod);
    return Objects.requireNonNull(facts, "the pod was not used");
  }

  private List<String> watch(String json) throws IOException {
    List<String> told = new ArrayList<>();
    stream.watch(Bodies.of(json), recording(told));
    return told;
  }

  private static PodStream.Changes recording(List<String> told) {
    return new PodStream.Changes() {
      @Override
      public void put(PodFacts pod) {
        told.add("put " + pod.name());
      }

      @Override
      public void delete(PodFacts pod) {
        told.add("delete " + pod.name());
      }

      @Override
      public void reached(String resourceVersion) {
        told.add("at " + resourceVersion);
      }
    };
  }

  @Test
  void aPodOfManyKilobytesIsReadForItsFewFacts() throws IOException {
    PodJson pod = sample().running(ID);
    assertThat(pod.toString().length()).isGreaterThan(7_000);
    assertThat(readWhole(pod))
        .isEqualTo(
            new PodFacts(
                "u1",
                null,
                "prod",
                "api-7d9f-x2x",
                "Deployment",
                "api",
                null,
                List.of(),
                List.of(
                    new Container(
                        "app",
                        ContainerType.CONTAINER,
                        "registry.example/app:1",
                        null,
                        false,
                        false,
                        List.of(ID),
                        List.of()))));
    assertThat(skips.counts().values()).containsOnly(0L);
  }

  @Test
  void itIsReadWhoAsksForAProfileAndWhoIsPrivileged() throws IOException {
    Map<String, Object> own = container("own", "a");
    own.put(
        "securityContext",
        object(
            "privileged",
            true,
            "seccompProfile",
            object("type", "Localhost", "localhostProfile", "a.json")));
    Map<String, Object> odd = container("odd", "a");
    odd.put("securityContext", object("privileged", "true", "seccompProfile", 7));
    PodJson pod =
        sample()
            .metadata(
                "annotations",
                object("container.seccomp.security.alpha.kubernetes.io/odd", "unconfined"))
            .spec("securityContext", object("seccompProfile", object("type", "RuntimeDefault")))
            .spec("containers", list(own, odd));
    assertThat(readWhole(pod).containers())
        .extracting(
            Container::name, Container::profile, Container::ownProfile, Container::privileged)
        .containsExactly(
            tuple("own", new SeccompProfile("Localhost", "a.json"), true, true),
            tuple("odd", new SeccompProfile("RuntimeDefault", null), false, false));
  }

  @Test
  void everyKindOfContainerIsRead() throws IOException {
    PodJson pod =
        sample()
            .spec("initContainers", list(container("setup", "i")))
            .spec("ephemeralContainers", list(container("debug", "e")))
            .status("initContainerStatuses", list(containerStatus("setup", "cri-o://1")))
            .status("ephemeralContainerStatuses", list(containerStatus("debug", "cri-o://2")))
            .running("cri-o://3");
    assertThat(readWhole(pod).containers())
        .extracting(Container::name, Container::type, Container::ids)
        .containsExactlyInAnyOrder(
            tuple("setup", ContainerType.INIT, List.of("cri-o://1")),
            tuple("debug", ContainerType.EPHEMERAL, List.of("cri-o://2")),
            tuple("app", ContainerType.CONTAINER, List.of("cri-o://3")));
  }

  @Test
  void runsThatEndedAreKnownAndThoseThatSigsysEndedWithTheirTime() throws IOException {
    Map<String, Object> status = new HashMap<>(containerStatus("app", ID));
    status.put("state", terminated(OLD, 159, "2026-11-22T10:20:23Z"));
    status.put("lastState", terminated(OLDER, 137, "2026-11-22T10:19:00Z"));
    Container app =
        readWhole(sample().status("containerStatuses", list(status))).containers().getFirst();
    assertThat(app.ids()).containsExactly(ID, OLD, OLDER);
    assertThat(app.sigsys())
        .containsExactly(new Termination(OLD, Instant.parse("2026-11-22T10:20:23Z")));
  }

  @Test
  void theProfileOfAContainerIsItsOwnOrElseThePods() throws IOException {
    Map<String, Object> own = new HashMap<>(container("own", "i"));
    own.put(
        "securityContext",
        object("seccompProfile", object("type", "Localhost", "localhostProfile", "p.json")));
    PodJson pod =
        sample()
            .spec("containers", list(own, container("app", "i")))
            .spec("securityContext", object("seccompProfile", object("type", "RuntimeDefault")));
    PodFacts facts = readWhole(pod);
    assertThat(facts.profile()).isEqualTo(new SeccompProfile("RuntimeDefault", null));
    assertThat(facts.containers())
        .extracting(Container::profile)
        .containsExactly(
            new SeccompProfile("Localhost", "p.json"), new SeccompProfile("RuntimeDefault", null));
  }

  @Test
  void selinuxLevelsOfPodAndContainersAreRead() throws IOException {
    Map<String, Object> own = new HashMap<>(container("own", "i"));
    own.put("securityContext", object("seLinuxOptions", object("level", "s0:c9,c8")));
    PodJson pod =
        sample()
            .spec("containers", list(own))
            .spec("securityContext", object("seLinuxOptions", object("level", "s0:c1,c2")));
    assertThat(readWhole(pod).categories()).containsExactly("c1,c2", "c8,c9");
  }

  @Test
  void aMirrorOfAStaticPodHasItsHash() throws IOException {
    PodJson mirror =
        sample()
            .owner("v1", "Node", PodJson.NODE)
            .metadata(
                "annotations",
                object("kubernetes.io/config.hash", "h", "kubernetes.io/config.mirror", "h"));
    assertThat(readWhole(mirror))
        .extracting(PodFacts::staticHash, PodFacts::ownerKind, PodFacts::kubeletUid)
        .containsExactly("h", "Node", "h");
  }

  static List<PodJson> pretenders() {
    Map<String, Object> both =
        object("kubernetes.io/config.hash", "h", "kubernetes.io/config.mirror", "h");
    return List.of(
        sample().metadata("annotations", both),
        sample().owner("v1", "Node", "n2").metadata("annotations", both),
        sample()
            .owner("v1", "Node", "n1")
            .metadata("annotations", object("kubernetes.io/config.hash", "h")),
        sample()
            .owner("v1", "Node", "n1")
            .metadata(
                "annotations",
                object("kubernetes.io/config.hash", "h", "kubernetes.io/config.mirror", "other")));
  }

  @ParameterizedTest
  @MethodSource("pretenders")
  void aPodThatOnlySaysItIsStaticIsNot(PodJson pretender) throws IOException {
    assertThat(readWhole(pretender).staticHash()).isNull();
  }

  @Test
  void anOwnerThatIsNotTheControllerIsNone() throws IOException {
    PodJson pod =
        sample()
            .metadata(
                "ownerReferences",
                list(object("apiVersion", "v1", "kind", "ConfigMap", "name", "c")));
    assertThat(readWhole(pod).ownerKind()).isNull();
  }

  @Test
  void aJobOfACronJobIsKnownByTheMinuteInItsNameAndThePodsBirth() throws Exception {
    PodJson pod = new PodJson("prod", "backup-29922360-x2x", "uid-1");
    pod.metadata("creationTimestamp", "2026-11-22T10:00:02Z");
    pod.owner("batch/v1", "Job", "backup-29922360");
    assertThat(readWhole(pod))
        .extracting(PodFacts::ownerKind, PodFacts::ownerName)
        .containsExactly("CronJob", "backup");
  }

  @Test
  void whatIsMissingIsLeftOut() throws IOException {
    PodFacts facts =
        readWhole(
            sample()
                .metadata("ownerReferences", null)
                .metadata("labels", null)
                .metadata("annotations", null)
                .spec("containers", null));
    assertThat(facts.containers()).isEmpty();
    assertThat(facts.ownerName()).isNull();
    assertThat(read(new PodJson("prod", "no-status", "u2").status("phase", null))).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"name", "namespace", "uid"})
  void aPodThatCannotBeToldFromOthersIsCountedAndNotUsed(String field) throws IOException {
    assertThat(read(sample().metadata(field, null))).isNull();
    assertThat(read(sample().metadata(field, "x".repeat(254)))).isNull();
    assertThat(read(sample().metadata(field, "a\nb"))).isNull();
    assertThat(read(sample().metadata(field, list("no text")))).isNull();
    assertThat(skips.counts()).containsEntry(SkipReason.POD_INVALID, 4L);
  }

  @Test
  void namesAtTheirLimitsAreNames() throws IOException {
    String longest = "x".repeat(253);
    assertThat(readWhole(sample().metadata("name", longest)).name()).isEqualTo(longest);
  }

  @Test
  void aPodOfAnotherNodeIsCountedAndNotUsed() throws IOException {
    assertThat(read(sample().spec("nodeName", "n2"))).isNull();
    assertThat(skips.counts()).containsEntry(SkipReason.POD_OF_OTHER_NODE, 1L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"containerd://", "://abc", "abc", "x y://a", "c://a\tb"})
  void aContainerIdThatIsNoneIsCountedAndNotUsed(String id) throws IOException {
    assertThat(readWhole(sample().running(id)).containers().getFirst().ids()).isEmpty();
    assertThat(skips.counts()).containsEntry(SkipReason.CONTAINER_ID, 1L);
  }

  @Test
  void aContainerThatNeverStartedHasNoIdAndThatIsNormal() throws IOException {
    assertThat(readWhole(sample().running("")).containers().getFirst().ids()).isEmpty();
    assertThat(skips.counts()).containsEntry(SkipReason.CONTAINER_ID, 0L);
  }

  @Test
  void overlongIdsAndTextsAreCountedAndNotUsed() throws IOException {
    PodJson pod =
        sample()
            .running("containerd://" + "a".repeat(300))
            .spec("containers", list(container("app", "i".repeat(600))));
    Container app = readWhole(pod).containers().getFirst();
    assertThat(app.ids()).isEmpty();
    assertThat(app.image()).isNull();
    assertThat(skips.counts())
        .containsEntry(SkipReason.CONTAINER_ID, 1L)
        .containsEntry(SkipReason.TEXT, 1L);
  }

  @Test
  void hugeAnnotationsAreNormal() throws IOException {
    PodJson pod =
        sample()
            .metadata(
                "annotations",
                object("a", "\\\"é".repeat(90_000), "kubernetes.io/config.hash", "h"));
    assertThat(readWhole(pod).name()).isEqualTo("api-7d9f-x2x");
  }

  @Test
  void containersBeyondAsManyAsAreKeptAreCounted() throws IOException {
    List<Object> many = new ArrayList<>();
    IntStream.range(0, 600).forEach(i -> many.add(object("name", "c" + i, "image", "i")));
    assertThat(readWhole(sample().spec("containers", many)).containers())
        .hasSize(PodIndex.MAX_CONTAINERS);
    assertThat(skips.counts()).containsEntry(SkipReason.CONTAINER, 536L);
  }

  @Test
  void aListTellsWhereToGoOn() throws IOException {
    String page =
        PodJson.text(
            object(
                "metadata", object("continue", "next", "resourceVersion", "7"), "items", list()));
    assertThat(readList(page)).isEqualTo(new PodStream.Page(List.of(), "7", "next"));
    assertThat(readList(PodJson.list("8", PodJson.node(3))).pods()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "5",
        "null",
        "{\"items\":[]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"}}",
        "{\"kind\":\"Status\",\"metadata\":{},\"code\":500}"
      })
  void whatIsNoListOfPodsIsNotTakenForAnEmptyOne(String json) {
    assertThatThrownBy(() -> readList(json)).isInstanceOf(PodStream.MalformedException.class);
  }

  @Test
  void aListThatBreaksOffIsNone() {
    String whole = PodJson.list("8", PodJson.node(3));
    for (int length = 1; length < whole.length() - 1; length += 97) {
      String cut = whole.substring(0, length);
      assertThatThrownBy(() -> readList(cut)).isInstanceOf(EOFException.class);
    }
    assertThatThrownBy(() -> readList("<html>proxy</html>"))
        .isInstanceOf(PodStream.MalformedException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"items\":[{\"metadata\":{\"annotations\":{\"a\":\"",
        "{\"items\":[{\"metadata\":{\"name\":\"",
        "{\"items\":[{\"metadata\":{\""
      })
  void anObjectWithoutEndIsGivenUp(String begin) {
    assertThatThrownBy(() -> stream.list(Bodies.endless(begin)))
        .isInstanceOfAny(ResponseBody.TooLargeException.class, PodStream.MalformedException.class);
    String event = "{\"type\":\"ADDED\",\"object\":" + begin.substring("{\"items\":[".length());
    assertThatThrownBy(() -> stream.watch(Bodies.endless(event), recording(new ArrayList<>())))
        .isInstanceOfAny(ResponseBody.TooLargeException.class, PodStream.MalformedException.class);
  }

  /** As the API server writes them: three MiB of markup, and names as long as an object may be. */
  @Test
  void theLargestObjectsThatTheApiServerHasAreRead() throws IOException {
    String markup = "@".repeat(3 << 20);
    String list =
        PodJson.list(
                "8",
                List.of(
                    sample().metadata("annotations", object("a", markup)),
                    sample().metadata("annotations", object("n".repeat(1_500_000), "a")),
                    sample().metadata("name", "last")))
            .replace("@", "\\u003c");
    assertThat(readList(list).pods())
        .extracting(PodFacts::name)
        .containsExactly("api-7d9f-x2x", "api-7d9f-x2x", "last");
  }

  @Test
  void manyPodsTogetherMayBeLargerThanOneMay() throws IOException {
    PodJson large = sample().metadata("annotations", object("a", "x".repeat(1 << 20)));
    List<PodJson> pods = new ArrayList<>();
    IntStream.range(0, 6).forEach(i -> pods.add(large));
    assertThat(readList(PodJson.list("8", pods)).pods()).hasSize(6);
  }

  @Test
  void aWatchTellsInOrder() throws IOException {
    PodJson pod = sample();
    String bookmark =
        "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"9\"}}}\n";
    assertThat(
            watch(
                PodJson.event("ADDED", pod)
                    + PodJson.event("MODIFIED", pod.metadata("resourceVersion", "1001"))
                    + bookmark
                    + PodJson.event("SOMETHING", pod)
                    + PodJson.event("DELETED", pod)))
        .containsExactly(
            "put api-7d9f-x2x",
            "at 1000",
            "put api-7d9f-x2x",
            "at 1001",
            "at 9",
            "delete api-7d9f-x2x",
            "at 1001");
    assertThat(skips.counts()).containsEntry(SkipReason.UNKNOWN_EVENT, 1L);
  }

  @Test
  void whatAWatchToldBeforeItBrokeIsKept() {
    List<String> told = new ArrayList<>();
    String broken = PodJson.event("ADDED", sample()) + "{\"type\":\"ADDED\",\"object\":{\"meta";
    assertThatThrownBy(() -> stream.watch(Bodies.of(broken), recording(told)))
        .isInstanceOf(EOFException.class);
    assertThat(told).containsExactly("put api-7d9f-x2x", "at 1000");
  }

  @Test
  void anErrorOfAWatchHasItsCode() {
    String gone =
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too"
            + " old\"}}";
    assertThatThrownBy(() -> watch(gone))
        .isInstanceOfSatisfying(
            PodStream.WatchErrorException.class, e -> assertThat(e.code()).isEqualTo(410))
        .hasMessage("the watch ended with 410: too old");
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "[]", "{}", "{\"type\":\"ADDED\"}", "{\"object\":{}}"})
  void whatIsNoWatchEventEndsTheWatch(String json) {
    assertThatThrownBy(() -> watch(json)).isInstanceOf(PodStream.MalformedException.class);
  }

  /** Any change to a pod's JSON gives a pod, or an {@link IOException} that is handled. */
  @Test
  void randomPodsNeverDoWorseThanNotBeingRead() {
    Random random = new Random(7);
    PodIndex index = new PodIndex(new TestClock(), PodIndex.Limits.DEFAULT);
    int read = 0;
    for (int i = 0; i < 3_000; i++) {
      Object pod = Scramble.of(sample().running(ID).pod(), random);
      String list =
          "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + PodJson.text(pod) + "]}";
      String text = i % 3 == 0 ? Scramble.bytes(list, random) : list;
      try {
        PodStream.Page page = readList(text);
        index.replaceAll(page.pods());
        read += page.pods().size();
      } catch (IOException e) {
        assertThat(i % 3).as("only broken JSON is refused: " + e).isZero();
      }
    }
    assertThat(read).as("not everything may be refused").isGreaterThan(300);
  }

  @Test
  void bodiesAreReadInPiecesOfAnySize() throws IOException {
    String json = PodJson.list("8", PodJson.node(2));
    for (int piece : new int[] {1, 7, 8_000, 16_384}) {
      ResponseBody body = Bodies.of(json.getBytes(StandardCharsets.UTF_8), piece);
      assertThat(stream.list(body).pods()).hasSize(2);
    }
  }
}
