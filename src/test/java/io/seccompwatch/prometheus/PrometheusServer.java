package io.seccompwatch.prometheus;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.testing.Await;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real Prometheus on loopback that scrapes one agent and evaluates the chart's rules every
 * second. Not thread-safe.
 */
public final class PrometheusServer implements AutoCloseable {

  private static final Pattern ADDRESS =
      Pattern.compile("msg=\"Listening on\".* address=(127\\.0\\.0\\.1:\\d+)");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Process process;
  private final Path log;
  private final HttpClient http = HttpClient.newHttpClient();
  private String address = "";

  private PrometheusServer(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts one and waits until it answers.
   *
   * @param agent the host and port that it scrapes
   * @param rules a file of rules
   */
  public static PrometheusServer start(PrometheusTools tools, Path parent, String agent, Path rules)
      throws Exception {
    Path program = tools.program("prometheus");
    Path directory = Files.createTempDirectory(parent, "prometheus");
    Path configuration = directory.resolve("prometheus.yml");
    // As the chart's PodMonitor has it: the target's labels name the agent's own pod
    Files.writeString(
        configuration,
        """
        global:
          scrape_interval: 1s
          evaluation_interval: 1s
        rule_files: ["%s"]
        scrape_configs:
          - job_name: seccomp-watch
            honor_labels: true
            static_configs:
              - targets: ["%s"]
                labels: {node: n1, namespace: monitoring, pod: agent-of-n1, container: agent}
        """
            .formatted(rules, agent));
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:0")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    PrometheusServer server = new PrometheusServer(process, log);
    try {
      Await.until("Prometheus listens", PATIENCE, server::hasAddress);
      Await.until(
          "Prometheus is ready", PATIENCE, () -> server.get("/-/ready").statusCode() == 200);
      return server;
    } catch (AssertionError | Exception e) {
      server.close();
      throw e;
    }
  }

  private boolean hasAddress() throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError("Prometheus has ended: " + log());
    }
    Matcher listening = ADDRESS.matcher(log());
    boolean found = listening.find();
    if (found) {
      address = "http://" + listening.group(1);
    }
    return found;
  }

  /** The result of an instant query. */
  public List<JsonNode> query(String expr) throws IOException, InterruptedException {
    String encoded = URLEncoder.encode(expr, StandardCharsets.UTF_8);
    List<JsonNode> results = new ArrayList<>();
    JsonNode data = data("/api/v1/query?query=" + encoded);
    if (data.get("resultType").asText().equals("scalar")) {
      return List.of(data.get("result"));
    }
    data.get("result").forEach(results::add);
    return results;
  }

  /** When the series had a sample in the last ten minutes, in seconds since the epoch. */
  public List<Double> sampled(String selector) throws IOException, InterruptedException {
    List<Double> times = new ArrayList<>();
    for (JsonNode series : query(selector + "[10m]")) {
      series.get("values").forEach(sample -> times.add(sample.get(0).asDouble()));
    }
    return times.stream().sorted().toList();
  }

  /** The alerts that fire now, each with its labels. */
  public List<Map<String, String>> firing() throws IOException, InterruptedException {
    List<Map<String, String>> firing = new ArrayList<>();
    for (JsonNode alert : data("/api/v1/alerts").get("alerts")) {
      if (alert.get("state").asText().equals("firing")) {
        firing.add(strings(alert.get("labels")));
      }
    }
    return firing;
  }

  /** What is wrong with rules; empty when every one has been evaluated and is well. */
  public List<String> sickRules() throws IOException, InterruptedException {
    List<String> sick = new ArrayList<>();
    for (JsonNode group : data("/api/v1/rules").get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        if (!rule.get("health").asText().equals("ok")) {
          sick.add(rule.get("name").asText() + ": " + rule.path("lastError").asText());
        }
      }
    }
    return sick;
  }

  private JsonNode data(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = get(path);
    JsonNode answer = RenderedChart.parse(response.body());
    if (!answer.path("status").asText().equals("success")) {
      throw new AssertionError(path + ": " + response.body());
    }
    return answer.get("data");
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(address + path)).timeout(PATIENCE).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static Map<String, String> strings(JsonNode object) {
    Map<String, String> strings = new TreeMap<>();
    object.properties().forEach(each -> strings.put(each.getKey(), each.getValue().asText()));
    return strings;
  }

  /** What it has written so far. */
  public String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
