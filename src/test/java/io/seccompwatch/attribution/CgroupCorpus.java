package io.seccompwatch.attribution;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of {@code cgroups.jsonl}, and of {@code field-cgroups.jsonl}, which have no runtime. */
final class CgroupCorpus {
  private CgroupCorpus() {}

  /** A row: the text, what the agent reads of itself, and who is right. */
  record Row(
      int line,
      String kind,
      String text,
      @Nullable String ownCgroup,
      @Nullable InContainer expected,
      @Nullable InContainer alternative) {

    CgroupAnchor anchor() {
      return ownCgroup == null
          ? CgroupAnchor.NONE
          : CgroupAnchor.of("0::" + ownCgroup + "\n", null);
    }

    @Override
    public String toString() {
      return line + " " + kind;
    }
  }

  static List<Row> rows() throws IOException {
    return rows("cgroups.jsonl");
  }

  static List<Row> field() throws IOException {
    return rows("field-cgroups.jsonl");
  }

  private static List<Row> rows(String file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<Row> rows = new ArrayList<>();
    try (InputStream in = CgroupCorpus.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException(file + " is missing");
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode node = mapper.readTree(line);
        rows.add(
            new Row(
                rows.size() + 1,
                node.get("kind").asText(),
                node.get("cgroup").asText(),
                text(node, "agentOwnCgroup"),
                owner(node.get("expect")),
                owner(node.get("alternative"))));
      }
    }
    return rows;
  }

  private static @Nullable InContainer owner(@Nullable JsonNode node) {
    if (node == null || node.isNull()) {
      return null;
    }
    String runtime = text(node, "runtime");
    String qos = text(node, "qos");
    return new InContainer(
        text(node, "podUid"),
        text(node, "containerId"),
        runtime == null ? ContainerRuntime.UNKNOWN : runtimeOf(runtime),
        qos == null ? null : QosClass.valueOf(qos.toUpperCase(java.util.Locale.ROOT)));
  }

  private static ContainerRuntime runtimeOf(String label) {
    for (ContainerRuntime runtime : ContainerRuntime.values()) {
      if (runtime.label().equals(label)) {
        return runtime;
      }
    }
    throw new IllegalArgumentException(label);
  }

  private static @Nullable String text(JsonNode node, String field) {
    JsonNode value = node.get(field);
    return value == null || value.isNull() ? null : value.asText();
  }
}
