package io.seccompwatch.posture;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.RuntimeNames.RuntimeName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of containers by their runtime's files. */
class BundleNamesTest {

  private static final String ID = "1".repeat(64);

  @TempDir Path root;

  private final AtomicLong millis = new AtomicLong();
  private BundleNames names = new BundleNames(Path.of("none"), millis::get);

  @BeforeEach
  void aNode() {
    names = new BundleNames(root, millis::get);
  }

  @Test
  void areReadAfterTheyWereAskedForAndNotBefore() throws Exception {
    config(ID, "prod", "api-1", "app", "container");
    assertThat(names.of("containerd://" + ID)).isEqualTo(new RuntimeName.Pending());
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Pending());
    long before = names.version();
    assertThat(names.readNext()).isTrue();
    assertThat(names.readNext()).as("asked twice, read once").isFalse();
    assertThat(names.version()).isGreaterThan(before);
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Given("prod", "api-1", "app", null));
  }

  @Test
  void stayKnownWhenTheContainerIsGone() throws Exception {
    Path file = config(ID, "prod", "api-1", "app", "container");
    names.of(ID);
    names.readNext();
    Files.delete(file);
    millis.addAndGet(3_600_000);
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Given("prod", "api-1", "app", null));
  }

  @Test
  void aPodsOwnContainerHasNoName() throws Exception {
    config(ID, "prod", "api-1", "app", "sandbox");
    names.of(ID);
    names.readNext();
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Given("prod", "api-1", null, null));
  }

  @Test
  void whatCouldNotBeReadIsTriedAgainLater() throws Exception {
    names.of(ID);
    names.readNext();
    config(ID, "prod", "api-1", "app", "container");
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Unknown());
    assertThat(names.readNext()).isFalse();
    millis.addAndGet(5_000);
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Pending());
    names.readNext();
    assertThat(names.of(ID)).isInstanceOf(RuntimeName.Given.class);
  }

  @Test
  void aConfigurationWithoutPodNamesNothing() throws Exception {
    Files.writeString(config(ID, "prod", "api-1", "app", "container"), "{}");
    names.of(ID);
    names.readNext();
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Unknown());
  }

  @Test
  void moreThanCanWaitAreUnknownUntilTheyAreAskedForAgain() {
    for (int i = 0; i < 256; i++) {
      assertThat(names.of("a" + i)).isEqualTo(new RuntimeName.Pending());
    }
    assertThat(names.of("b")).isEqualTo(new RuntimeName.Unknown());
    names.readNext();
    assertThat(names.of("b")).isEqualTo(new RuntimeName.Pending());
  }

  @Test
  void ofManyContainersThoseAskedForLongestAgoAreForgotten() throws Exception {
    config(ID, "prod", "api-1", "app", "container");
    names.of(ID);
    names.readNext();
    for (int i = 0; i < BundleNames.MAX_CONTAINERS; i++) {
      names.of("a" + i);
      names.readNext();
    }
    assertThat(names.of(ID)).isEqualTo(new RuntimeName.Pending());
  }

  private Path config(String id, String namespace, String pod, String container, String type)
      throws Exception {
    Path bundle =
        Files.createDirectories(
            root.resolve("run/containerd/io.containerd.runtime.v2.task/k8s.io").resolve(id));
    return Files.writeString(
        bundle.resolve("config.json"),
        """
        {"annotations":{"io.kubernetes.cri.container-name":"%s",
         "io.kubernetes.cri.container-type":"%s","io.kubernetes.cri.sandbox-name":"%s",
         "io.kubernetes.cri.sandbox-namespace":"%s"}}
        """
            .formatted(container, type, pod, namespace));
  }
}
