package io.seccompwatch.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The chart, through the Helm library. A release is named {@value #RELEASE} and goes to {@value
 * #NAMESPACE} unless said otherwise. Stateless.
 */
public final class Chart {

  /** Where the chart is, from the root of the source tree. */
  public static final Path DIRECTORY = Path.of("helm", "seccomp-watch");

  public static final String RELEASE = "seccomp-watch";
  public static final String NAMESPACE = "monitoring";

  /** Helm as a library knows of no cluster's version, and takes an old one for it. */
  private static final String KUBE_VERSION = "1.36.0";

  /** The annotation that stands for {@code helm.sh/hook} in what is rendered. */
  static final String HOOK = "hook.helm.sh/instead";

  private static final ObjectMapper JSON = new ObjectMapper();

  private Chart() {}

  /** Renders it with the values given as YAML, which may be empty. */
  public static Manifests render(String values) {
    return render(RELEASE, NAMESPACE, values);
  }

  /** The same for a release of another name or namespace. */
  public static Manifests render(String release, String namespace, String values) {
    return new Manifests(documents(template(release, namespace, values)));
  }

  /** What Helm says when the values cannot be rendered; fails when they can. */
  public static String refusal(String values) {
    String rendered;
    try {
      rendered = template(RELEASE, NAMESPACE, values);
    } catch (IllegalStateException e) {
      return String.valueOf(e.getMessage());
    }
    throw new AssertionError("rendered, and not refused:\n" + values + "\n" + rendered);
  }

  /** The notes that {@code helm install} would print. */
  public static String notes(String values) {
    return withFile(
        values,
        file ->
            new Helm(DIRECTORY)
                .install()
                .withName(RELEASE)
                .withNamespace(NAMESPACE)
                .withKubeVersion(KUBE_VERSION)
                .clientOnly()
                .dryRun()
                .withValuesFile(file)
                .call()
                .getOutput());
  }

  /** The defaults of the values. */
  public static JsonNode defaults() {
    return parse("values.yaml");
  }

  /** The schema of the values. */
  public static JsonNode schema() {
    return parse("values.schema.json");
  }

  /** A file of the chart's, YAML or JSON. */
  static JsonNode parse(String file) {
    try {
      return documents(Files.readString(DIRECTORY.resolve(file))).getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The documents of a text of YAML; a key that is there twice is an error. */
  static List<JsonNode> documents(String yaml) {
    List<JsonNode> documents = new ArrayList<>();
    for (Object document : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
      if (document != null) {
        documents.add(JSON.valueToTree(document));
      }
    }
    return documents;
  }

  private static String template(String release, String namespace, String values) {
    return withFile(
        values,
        file -> {
          Path copy = Files.createTempDirectory("chart");
          try {
            copyWithoutHooks(copy);
            return new Helm(copy)
                .template()
                .withName(release)
                .withNamespace(namespace)
                .withKubeVersion(KUBE_VERSION)
                .withValuesFile(file)
                .call();
          } finally {
            delete(copy);
          }
        });
  }

  /** Helm as a library leaves hooks out of what it renders; here they are objects like others. */
  private static void copyWithoutHooks(Path to) throws IOException {
    try (Stream<Path> files = Files.walk(DIRECTORY)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copied = to.resolve(DIRECTORY.relativize(file));
        Files.createDirectories(copied.getParent());
        Files.writeString(copied, Files.readString(file).replace("helm.sh/hook:", HOOK + ":"));
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private interface WithFile {
    String call(Path file) throws IOException;
  }

  private static String withFile(String values, WithFile use) {
    try {
      Path file = Files.createTempFile("values", ".yaml");
      try {
        Files.writeString(file, values);
        return use.call(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
