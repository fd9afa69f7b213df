package io.seccompwatch.attribution;

import io.seccompwatch.attribution.ProcReader.ProcessList;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The kubelets that run on the machine, found in procfs. A process counts as a kubelet if
 *
 * <ul>
 *   <li>its name is one of a kubelet or of a distribution that runs the kubelet within itself,
 *   <li>it runs as root of the machine, in the initial user namespace,
 *   <li>it holds CAP_SYS_ADMIN.
 * </ul>
 *
 * A tenant that can make such a process can write to every pod's real cgroup as well, so that a
 * forged kubelet gives nothing that the tenant did not have. Stateless.
 */
final class Kubelets {

  /** Names in {@code /proc/PID/comm}: kubelet, k3s and RKE2, MicroK8s, old all-in-one images. */
  private static final Set<String> NAMES =
      Set.of("kubelet", "k3s", "k3s-server", "k3s-agent", "kubelite", "hyperkube");

  private static final int SYS_ADMIN = 21; // CAP_SYS_ADMIN, include/uapi/linux/capability.h
  private static final int MAX_KUBELETS = 64;
  private static final int MAX_BYTES = 256 * 1024;

  /** A line {@code cgroupRoot: /name} at the top level of a KubeletConfiguration. */
  private static final Pattern CONFIGURED =
      Pattern.compile("(?m)^[{\\s]*\"?cgroupRoot\"?\\s*:\\s*[\"']?([^\"'\\s,#]*)");

  /** All user IDs of the parent, as in the initial namespace (user_namespaces(7)). */
  private static final Pattern ALL_IDS = Pattern.compile("\\s*0\\s+0\\s+4294967295\\s*");

  private Kubelets() {}

  /**
   * A kubelet.
   *
   * @param cgroups its own cgroup in each hierarchy, as directory names; duplicates left out
   * @param cgroupRoot its {@code --cgroup-root} or {@code cgroupRoot}, {@code /} by default; null
   *     if its command line or configuration cannot be read
   */
  record Kubelet(List<List<String>> cgroups, @Nullable String cgroupRoot) {

    /** Copies the cgroups. */
    Kubelet {
      cgroups = List.copyOf(cgroups);
    }
  }

  /**
   * Finds the kubelets; some 10 µs for each process of the machine.
   *
   * @param proc a procfs
   * @param anchor the place from which cgroup paths are seen
   */
  static List<Kubelet> find(Path proc, CgroupAnchor anchor) {
    List<Kubelet> found = new ArrayList<>();
    BitSet pids = new ProcessList(proc).list();
    for (int pid = pids.nextSetBit(0);
        pid >= 0 && found.size() < MAX_KUBELETS;
        pid = pids.nextSetBit(pid + 1)) {
      Path process = proc.resolve(Integer.toString(pid));
      if (NAMES.contains(text(process.resolve("comm")).strip()) && isMachineRoot(process)) {
        String cgroup = text(process.resolve("cgroup"));
        found.add(new Kubelet(cgroups(cgroup, anchor), cgroupRoot(process)));
      }
    }
    return found;
  }

  private static boolean isMachineRoot(Path process) {
    String status = text(process.resolve("status"));
    String uids = field(status, "Uid:");
    String map = text(process.resolve("uid_map"));
    // A kernel without user namespaces has no uid_map
    boolean initial = map.isEmpty() || ALL_IDS.matcher(map).matches();
    return initial && uids.matches("0\\s+0\\s+0\\s+0") && hasSysAdmin(field(status, "CapEff:"));
  }

  private static boolean hasSysAdmin(String hex) {
    return hex.matches("[0-9a-fA-F]{1,16}") && new BigInteger(hex, 16).testBit(SYS_ADMIN);
  }

  private static String field(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip())
        .findFirst()
        .orElse("");
  }

  private static List<List<String>> cgroups(String text, CgroupAnchor anchor) {
    List<List<String>> cgroups = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      CgroupPath path = CgroupParser.pathOf(line);
      CgroupPath whole = path == null ? null : anchor.whole(CgroupParser.controllersOf(line), path);
      if (whole != null && !cgroups.contains(whole.names())) {
        cgroups.add(whole.names());
      }
    }
    return cgroups;
  }

  private static @Nullable String cgroupRoot(Path process) {
    String[] words = text(process.resolve("cmdline")).split("\0", -1);
    String flag = flag(words, "cgroup-root");
    if (flag != null) {
      return flag;
    }
    String config = flag(words, "config");
    if (!words[0].endsWith("kubelet") || flag(words, "config-dir") != null) {
      return null; // k3s and MicroK8s configure it within themselves; drop-ins may set it, too
    }
    if (config == null) {
      return "/";
    }
    try {
      Path root = process.resolve("root");
      Path file = root.resolve(config.replaceFirst("^/+", ""));
      String text = Files.isRegularFile(file) ? text(file) : ""; // a pipe would never end
      Matcher matcher = CONFIGURED.matcher(text);
      String value = matcher.find() ? matcher.group(1) : "/";
      return text.isEmpty() ? null : value;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  /** The value of {@code --name=value} or {@code --name value}; the last one holds. */
  private static @Nullable String flag(String[] words, String name) {
    String found = null;
    for (int i = 0; i < words.length; i++) {
      String word = words[i].replaceFirst("^--kubelet-arg=(--)?", "--");
      if (word.startsWith("--" + name + "=")) {
        found = word.substring(name.length() + 3);
      } else if (word.equals("--" + name) && i + 1 < words.length) {
        found = words[i + 1];
      }
    }
    return found;
  }

  /** A file's text, one char per byte; empty if it cannot be read. */
  private static String text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
