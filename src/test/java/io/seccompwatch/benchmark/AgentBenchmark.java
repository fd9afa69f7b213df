package io.seccompwatch.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Measures the agent as a process: how soon it serves, what it costs while nothing happens, what it
 * does under load. {@code src/test/bench/agent} runs it.
 */
public final class AgentBenchmark {

  /** How long the agent may take to count what was written. */
  private static final int PATIENCE_SECONDS = 60;

  private final String launcher;
  private final Path work;

  private AgentBenchmark(String launcher, Path work) {
    this.launcher = launcher;
    this.work = work;
  }

  /** Measures: {@code LAUNCHER start|idle|load [ARGUMENT…]}. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path work = Files.createTempDirectory("seccomp-watch-bench");
    try {
      AgentBenchmark benchmark = new AgentBenchmark(args[0], work);
      List<String> rest = List.of(args).subList(Math.min(2, args.length), args.length);
      switch (args.length > 1 ? args[1] : "") {
        case "start" -> benchmark.start(number(rest, 0, 20));
        case "idle" ->
            benchmark.idle(
                number(rest, 0, 60), rest.isEmpty() ? rest : rest.subList(1, rest.size()));
        case "load" -> benchmark.load(number(rest, 0, 1_000), number(rest, 1, 30));
        default -> {
          System.err.println("agent: say what to measure: start, idle or load");
          System.exit(2);
        }
      }
    } finally {
      try (var files = Files.walk(work)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void start(int runs) throws IOException {
    double[] millis = new double[runs];
    for (int run = -1; run < runs; run++) { // the first run warms the page cache, and this process
      try (RunningAgent agent = new RunningAgent(launcher, work, quiet(emptyLog()))) {
        agent.scrape();
        millis[Math.max(0, run)] = agent.millisSinceStart();
      }
    }
    Arrays.sort(millis);
    System.out.printf(
        "start to first scrape: median %.0f ms, least %.0f, most %.0f, runs %d%n",
        millis[runs / 2], millis[0], millis[runs - 1], runs);
  }

  private void idle(int seconds, List<String> options) throws IOException, InterruptedException {
    List<String> given = options.isEmpty() ? quiet(emptyLog()) : options;
    try (RunningAgent agent = new RunningAgent(launcher, work, given)) {
      agent.scrape();
      Thread.sleep(10_000);
      Map<String, Double> before = agent.cpuMillis();
      Thread.sleep(seconds * 1_000L);
      Map<String, Double> after = agent.cpuMillis();
      after.replaceAll((thread, total) -> total - before.getOrDefault(thread, 0.0));
      double millicores = sum(after) / seconds;
      System.out.printf(
          "idle for %d s: RSS %.1f MiB, CPU %.2f millicores%n",
          seconds, agent.memory("VmRSS"), millicores);
      after.forEach(
          (thread, used) -> {
            if (used > 0) {
              System.out.printf("  %-16s %.3f millicores%n", thread, used / seconds);
            }
          });
    }
  }

  private void load(int perSecond, int seconds) throws IOException, InterruptedException {
    Path log = emptyLog();
    try (RunningAgent agent = new RunningAgent(launcher, work, quiet(log))) {
      agent.scrape();
      double before = sum(agent.cpuMillis());
      RecordWriter writer = new RecordWriter(log);
      long start = System.nanoTime();
      writer.run(perSecond, seconds);
      double took = (System.nanoTime() - start) / 1e9;
      String metrics = agent.scrape();
      double behind = writer.written() - counted(metrics);
      for (int i = 0; i < PATIENCE_SECONDS * 10 && counted(metrics) < writer.written(); i++) {
        Thread.sleep(100);
        metrics = agent.scrape();
      }
      double cpu = sum(agent.cpuMillis()) - before;
      System.out.printf(
          "load of %d records/s for %d s (took %.1f): written %d, records %.0f, duplicates %.0f,"
              + " denials %.0f, logged %.0f: %s%n",
          perSecond,
          seconds,
          took,
          writer.written(),
          RunningAgent.sum(metrics, "seccomp_watch_records_total{"),
          RunningAgent.sum(metrics, "seccomp_watch_records_duplicate_total{"),
          RunningAgent.sum(metrics, "seccomp_denials_total{"),
          RunningAgent.sum(metrics, "seccomp_logged_syscalls_total{"),
          counted(metrics) == writer.written() ? "exact" : "NOT EXACT");
      System.out.printf(
          "  behind at the end %.0f, delay p50 %s s, p99 %s s, RSS at most %.1f MiB, now %.1f, CPU"
              + " %.0f millicores, %.2f us a record%n",
          behind,
          quantile(metrics, 0.5),
          quantile(metrics, 0.99),
          agent.memory("VmHWM"),
          agent.memory("VmRSS"),
          cpu / took,
          cpu * 1_000 / writer.written());
    }
  }

  private static double counted(String metrics) {
    return RunningAgent.sum(metrics, "seccomp_denials_total{")
        + RunningAgent.sum(metrics, "seccomp_logged_syscalls_total{");
  }

  /** The upper bound of the histogram's bucket that holds the quantile. */
  private static String quantile(String metrics, double q) {
    String name = "seccomp_watch_detection_delay_seconds";
    double wanted = q * RunningAgent.sum(metrics, name + "_count");
    String bucket = name + "_bucket{le=\"";
    return metrics
        .lines()
        .filter(line -> line.startsWith(bucket))
        .filter(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)) >= wanted)
        .map(line -> "<= " + line.substring(bucket.length(), line.indexOf('"', bucket.length())))
        .findFirst()
        .orElse("unknown");
  }

  private Path emptyLog() throws IOException {
    Path log = work.resolve("audit.log");
    Files.write(log, new byte[0]);
    return log;
  }

  private static List<String> quiet(Path log) {
    return List.of("--source", "audit-log=" + log, "--from", "beginning", "--canary", "off");
  }

  private static double sum(Map<String, Double> times) {
    return times.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  private static int number(List<String> args, int at, int otherwise) {
    return at < args.size() ? Integer.parseInt(args.get(at)) : otherwise;
  }
}
