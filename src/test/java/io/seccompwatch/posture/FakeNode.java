package io.seccompwatch.posture;

import io.seccompwatch.attribution.CgroupAnchor;
import io.seccompwatch.attribution.CgroupParser;
import io.seccompwatch.attribution.ProcReader;
import io.seccompwatch.attribution.RunningContainers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.io.FileUtils;

/** A node made of files: a procfs, and a root with what runtimes and the kubelet keep there. */
final class FakeNode {

  static final String POD = "a0b0c001-1234-4abc-8def-000000001001";
  static final String ID = "1".repeat(64);
  static final String OTHER = "2".repeat(64);
  static final String ALL = "kill_process kill_thread trap errno user_notif trace log";
  static final String ERRNO = "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}";
  static final String ERRNO_TOLD =
      "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]}";
  static final String KILL =
      "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"acct\"],\"action\":"
          + "\"SCMP_ACT_KILL_PROCESS\"}]}";

  final Path proc;
  final Path root;

  FakeNode(Path directory) {
    this.proc = directory.resolve("proc");
    this.root = directory.resolve("root");
    write(proc.resolve("1/stat"), "1 (init) S 0");
    write(proc.resolve("self/status"), "Name:\tagent\n");
    write(proc.resolve("self/loginuid"), "4294967295");
    write(proc.resolve("sys/kernel/seccomp/actions_logged"), ALL + "\n");
    write(proc.resolve("cmdline"), "quiet\n");
    // Processes of 100 ticks start now: after every file that is there
    write(proc.resolve("uptime"), "1.00 1.00\n");
  }

  /** A process of a container. */
  void process(int pid, String containerId, long startTicks, String seccompLines) {
    Path directory = proc.resolve(Integer.toString(pid));
    write(
        directory.resolve("cgroup"), "0::/kubepods/burstable/pod" + POD + "/" + containerId + "\n");
    write(
        directory.resolve("stat"),
        pid
            + " (app) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 "
            + startTicks
            + " 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 17 0\n");
    write(directory.resolve("status"), "Name:\tapp\nNoNewPrivs:\t0\n" + seccompLines);
  }

  /** A process with so many filters. */
  void filtered(int pid, String containerId, int filters) {
    process(pid, containerId, 100, "Seccomp:\t2\nSeccomp_filters:\t" + filters + "\n");
  }

  void end(int pid) {
    try {
      FileUtils.deleteDirectory(proc.resolve(Integer.toString(pid)).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The configuration of a container as containerd keeps it. */
  void containerd(String containerId, String json) {
    write(
        root.resolve("run/containerd/io.containerd.runtime.v2.task/k8s.io")
            .resolve(containerId)
            .resolve("config.json"),
        json);
  }

  /** A profile in the kubelet's directory. */
  void profile(String name, String json) {
    write(root.resolve("var/lib/kubelet/seccomp").resolve(name), json);
  }

  RunningContainers running() {
    return RunningContainers.look(proc, reader());
  }

  ProcReader reader() {
    return new ProcReader(proc, new CgroupParser(CgroupAnchor.NONE));
  }

  static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
