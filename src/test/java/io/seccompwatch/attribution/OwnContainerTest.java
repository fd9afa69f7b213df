package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The container of this very process, by the node's cgroup file system. */
class OwnContainerTest {

  private static final String POD = "5ecc0a7c-0001-4abc-8def-000000000001";
  private static final String SLICE =
      "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5ecc0a7c_0001_4abc_8def"
          + "_000000000001.slice/";
  private static final String ID = "a".repeat(64);
  private static final String OWN = Long.toString(ProcessHandle.current().pid());

  @TempDir Path directory;

  @BeforeEach
  void aNode() throws IOException {
    Path proc = Files.createDirectories(directory.resolve("proc/4711")).resolveSibling("self");
    Files.createSymbolicLink(proc, Path.of("4711"));
    Files.writeString(
        directory.resolve("proc/4711/stat"),
        "4711 (java) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 100 1 1 1 0 0 0 0 0 0 0 0 0 0 0"
            + " 0 17 0\n");
    Files.createDirectories(directory.resolve("cgroup"));
    Files.writeString(directory.resolve("cgroup/cgroup.controllers"), "");
    cgroup(SLICE, "");
    cgroup(SLICE + "cri-containerd-" + "b".repeat(64) + ".scope", "12\n");
  }

  @Test
  void isWhereTheNodeListsThisProcess() throws IOException {
    cgroup(SLICE + "cri-containerd-" + ID + ".scope", "1\n" + OWN + "\n");
    assertThat(find()).isEqualTo(new ContainerProcess(POD, ID, 4711, 100));
  }

  @Test
  void isFoundBelowTheContainersOwnCgroupsToo() throws IOException {
    cgroup(SLICE + "crio-" + ID + ".scope", "");
    cgroup(SLICE + "crio-" + ID + ".scope/container", OWN + "\n");
    assertThat(find()).isEqualTo(new ContainerProcess(POD, ID, 4711, 100));
  }

  @Test
  void isNotKnownWhereNoCgroupOfThePodListsThisProcess() throws IOException {
    cgroup(SLICE + "cri-containerd-" + ID + ".scope", "1" + OWN + "\n0\n");
    assertThat(find()).isNull();
  }

  @Test
  void isNotLookedForInOtherPods() throws IOException {
    cgroup("kubepods.slice/kubepods-pod" + POD.replace('1', '2').replace('-', '_') + ".slice", "");
    cgroup(
        "kubepods.slice/kubepods-pod"
            + POD.replace('1', '2').replace('-', '_')
            + ".slice/cri-containerd-"
            + ID
            + ".scope",
        OWN + "\n");
    assertThat(find()).isNull();
  }

  @Test
  void isNotKnownWithoutTheNodesProcfs() throws IOException {
    cgroup(SLICE + "cri-containerd-" + ID + ".scope", OWN + "\n");
    Files.delete(directory.resolve("proc/self"));
    assertThat(find()).isNull();
  }

  private @Nullable ContainerProcess find() {
    Path proc = directory.resolve("proc");
    ProcReader reader = new ProcReader(proc, new CgroupParser(CgroupAnchor.NONE));
    return OwnContainer.find(proc, reader, directory.resolve("cgroup"), POD);
  }

  private void cgroup(String path, String procs) throws IOException {
    Path made = Files.createDirectories(directory.resolve("cgroup").resolve(path));
    Files.writeString(made.resolve("cgroup.procs"), procs);
  }
}
