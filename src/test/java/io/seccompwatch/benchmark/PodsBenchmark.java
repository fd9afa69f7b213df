package io.seccompwatch.benchmark;

import com.sun.net.httpserver.HttpExchange;
import io.seccompwatch.testing.PodJson;
import io.seccompwatch.testing.TlsServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * Measures what the pods of a node cost the running agent: an HTTPS server on loopback lists them
 * once and keeps a quiet watch. {@code src/test/bench/pods} runs it.
 */
public final class PodsBenchmark {

  private final byte[] list;
  private final CountDownLatch watching = new CountDownLatch(1);

  private PodsBenchmark(int pods) {
    list = PodJson.list("1000", PodJson.node(pods)).getBytes(StandardCharsets.UTF_8);
  }

  /** Measures: {@code LAUNCHER account|kubeconfig|off [SECONDS] [PODS] [OPTION…]}. */
  public static void main(String[] args) throws IOException, InterruptedException {
    String access = args.length > 1 ? args[1] : "account";
    int seconds = args.length > 2 ? Integer.parseInt(args[2]) : 60;
    int pods = args.length > 3 ? Integer.parseInt(args[3]) : 110;
    List<String> options = List.of(args).subList(Math.min(4, args.length), args.length);
    Path work = Files.createTempDirectory("seccomp-watch-bench");
    try {
      new PodsBenchmark(pods).run(args[0], access, seconds, pods, options, work);
    } finally {
      try (var files = Files.walk(work)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void run(
      String launcher, String access, int seconds, int pods, List<String> options, Path work)
      throws IOException, InterruptedException {
    Path log = Files.write(work.resolve("audit.log"), new byte[0]);
    List<String> given =
        new ArrayList<>(
            List.of("--source", "audit-log=" + log, "--canary", "off", "--node-name", "n1"));
    given.addAll(options);
    try (TlsServer server = new TlsServer(work, this::answer)) {
      Map<String, String> environment = Map.of();
      switch (access) {
        case "account" -> {
          Files.writeString(work.resolve("ca.crt"), server.certificate());
          Files.writeString(work.resolve("token"), "token");
          given.addAll(List.of("--kubernetes", "required"));
          environment =
              Map.of(
                  "KUBERNETES_SERVICE_HOST",
                  "127.0.0.1",
                  "KUBERNETES_SERVICE_PORT",
                  Integer.toString(server.port()),
                  "KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN",
                  work.resolve("token").toString());
        }
        case "kubeconfig" -> {
          Path file = Files.writeString(work.resolve("config"), server.kubeconfig("token"));
          given.addAll(List.of("--kubernetes", "required", "--kubeconfig", file.toString()));
        }
        case "off" -> watching.countDown();
        default -> throw new IllegalArgumentException("account, kubeconfig or off: " + access);
      }
      try (RunningAgent agent = new RunningAgent(launcher, work, given, environment)) {
        watching.await();
        agent.scrape();
        Thread.sleep(10_000);
        Map<String, Double> before = agent.cpuMillis();
        Thread.sleep(seconds * 1_000L);
        double cpu = sum(agent.cpuMillis()) - sum(before);
        System.out.printf(
            Locale.ROOT,
            "%s, %d pods of %d bytes, idle for %d s: RSS %.1f MiB (anon %.1f, file %.1f), at most"
                + " %.1f, CPU %.2f millicores%n",
            access,
            pods,
            list.length / Math.max(1, pods),
            seconds,
            agent.memory("VmRSS"),
            agent.memory("RssAnon"),
            agent.memory("RssFile"),
            agent.memory("VmHWM"),
            cpu / seconds);
      }
    }
  }

  private static double sum(Map<String, Double> times) {
    return times.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(200, 0);
      if (!exchange.getRequestURI().getRawQuery().contains("watch=1")) {
        exchange.getResponseBody().write(list);
        return;
      }
      exchange.getResponseBody().flush();
      watching.countDown();
      Thread.sleep(600_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
