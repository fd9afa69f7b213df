package io.seccompwatch.posture;

import io.seccompwatch.profile.OciConfig;
import io.seccompwatch.profile.Profile;
import io.seccompwatch.profile.ProfileReader;
import io.seccompwatch.profile.ProfileReader.ProfileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The files of the node that tell which filter a container has: its OCI configuration, and the
 * profiles that pods name. Stateless but for the place, and safe for any number of threads.
 */
final class HostFiles {

  /**
   * Directories of the containers' OCI configurations, below the root: the bundles of containerd's
   * second shim in its state directory (also those of k3s, k0s, microk8s and of the containerd that
   * Docker starts), and the storage of CRI-O with the drivers overlay and vfs.
   */
  private static final List<Place> BUNDLES =
      List.of(
          new Place("run/containerd/io.containerd.runtime.v2.task/k8s.io", ""),
          new Place("run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io", ""),
          new Place("run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io", ""),
          new Place(
              "var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io", ""),
          new Place("run/containerd/io.containerd.runtime.v2.task/moby", ""),
          new Place("run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby", ""),
          new Place("run/containers/storage/overlay-containers", "userdata"),
          new Place("var/lib/containers/storage/overlay-containers", "userdata"),
          new Place("run/containers/storage/vfs-containers", "userdata"),
          new Place("var/lib/containers/storage/vfs-containers", "userdata"));

  /** The kubelet's {@code --root-dir} and its {@code seccomp} below. */
  private static final String PROFILES = "var/lib/kubelet/seccomp";

  private static final int MAX_PATH = 4_096;

  private record Place(String directory, String below) {}

  /** What was found. */
  sealed interface Found<T> {
    /** It is there and was read. */
    record Read<T>(T value) implements Found<T> {}

    /** It was not, and why; in words that follow the file's name. */
    record Not<T>(String why) implements Found<T> {}
  }

  private final Path root;

  HostFiles(Path root) {
    this.root = root;
  }

  /** The directories that are there now, so that one need not look into the others. */
  List<Path> bundleDirectories() {
    return BUNDLES.stream()
        .map(place -> root.resolve(place.directory()))
        .filter(Files::isDirectory)
        .toList();
  }

  /**
   * A container's OCI configuration.
   *
   * @param containerId the runtime's bare id; only of digits and small letters it is looked for
   * @param directories what {@link #bundleDirectories} found
   */
  Found<OciConfig> config(String containerId, List<Path> directories) {
    boolean plain =
        !containerId.isEmpty()
            && containerId.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
    Found<OciConfig> found = new Found.Not<>("is not there");
    for (Place place : plain ? BUNDLES : List.<Place>of()) {
      Path directory = root.resolve(place.directory());
      if (directories.contains(directory)) {
        Path bundle = directory.resolve(containerId).resolve(place.below());
        found = read(bundle.resolve("config.json"), OciConfig.MAX_BYTES, OciConfig::read);
        if (found instanceof Found.Read) {
          return found;
        }
      }
    }
    return found;
  }

  /**
   * A Localhost profile. One that is not below the kubelet's directory, by its name or by a link,
   * is not read: the name is a user's.
   *
   * @param runtime the runtime that reads it, as in {@code cri-o://<id>}; null when not known
   */
  Found<Profile> profile(String name, @Nullable String runtime) {
    if (name.isEmpty() || name.length() > MAX_PATH) {
      return new Found.Not<>("has no usable name");
    }
    try {
      Path directory = root.resolve(PROFILES).toRealPath();
      Path named = Path.of(name);
      if (named.isAbsolute() || named.normalize().startsWith("..") || hasParent(named)) {
        return new Found.Not<>("is outside the kubelet's directory");
      }
      Path file = directory.resolve(named).toRealPath();
      return file.startsWith(directory)
          ? read(file, ProfileReader.MAX_BYTES, in -> ProfileReader.read(in, form(runtime)))
          : new Found.Not<>("is outside the kubelet's directory");
    } catch (InvalidPathException e) {
      return new Found.Not<>("has no usable name");
    } catch (IOException e) {
      return new Found.Not<>(why(e));
    }
  }

  /**
   * The reader of a Localhost file: containerd and cri-dockerd unmarshal it into the OCI structure,
   * which has no {@code name}; CRI-O reads it as containers/common does. With an unknown runtime
   * the form counts that has more rules, so that no denial looks visible which may be silent.
   */
  private static ProfileReader.Form form(@Nullable String runtime) {
    return runtime == null || runtime.equals("cri-o")
        ? ProfileReader.Form.DOCKER
        : ProfileReader.Form.OCI;
  }

  /**
   * Whether a profile's file, and the link that names it, are what they were before that moment: by
   * the time of the last change of the inode, which copying tools do not set back.
   */
  boolean isOlder(String name, Instant moment) {
    try {
      Path file = root.resolve(PROFILES).resolve(name);
      return changed(file).isBefore(moment)
          && changed(file, LinkOption.NOFOLLOW_LINKS).isBefore(moment);
    } catch (IOException | InvalidPathException | UnsupportedOperationException e) {
      return false;
    }
  }

  private static Instant changed(Path file, LinkOption... how) throws IOException {
    return ((FileTime) Files.getAttribute(file, "unix:ctime", how)).toInstant();
  }

  private static boolean hasParent(Path path) {
    for (Path part : path) {
      if (part.toString().equals("..")) {
        return true;
      }
    }
    return false;
  }

  @FunctionalInterface
  private interface Reader<T> {
    T read(InputStream in) throws IOException, ProfileException;
  }

  private static <T> Found<T> read(Path file, long maxBytes, Reader<T> reader) {
    try {
      if (!Files.exists(file)) {
        throw new NoSuchFileException(file.toString());
      }
      if (!Files.isRegularFile(file)) { // a pipe would never end
        return new Found.Not<>("is no regular file");
      }
      if (Files.size(file) > maxBytes) {
        return new Found.Not<>("is larger than " + maxBytes + " bytes");
      }
      try (InputStream in = Files.newInputStream(file)) {
        return new Found.Read<>(reader.read(in));
      }
    } catch (ProfileException e) {
      return new Found.Not<>("cannot be understood: " + e.getMessage());
    } catch (IOException e) {
      return new Found.Not<>(why(e));
    }
  }

  private static String why(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "is not there";
      case AccessDeniedException _ -> "may not be read";
      default -> "cannot be read: " + Objects.requireNonNullElse(e.getMessage(), "input failed");
    };
  }
}
