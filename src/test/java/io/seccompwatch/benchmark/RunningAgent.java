package io.seccompwatch.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** An agent of the distribution, in a process of its own, as seen from outside. */
final class RunningAgent implements AutoCloseable {

  private static final String LISTENING = "address=";

  private final Process process;
  private final String address;
  private final long startedNanos;

  /** Starts an agent and waits until it listens. */
  RunningAgent(String launcher, Path work, List<String> options) throws IOException {
    this(launcher, work, options, Map.of());
  }

  /** The same with variables of the environment. */
  RunningAgent(String launcher, Path work, List<String> options, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher, "run"));
    command.addAll(List.of("--state-dir", work.resolve("state").toString()));
    if (!options.contains("--kubernetes")) {
      command.addAll(List.of("--kubernetes", "off"));
    }
    command.addAll(List.of("--listen", "127.0.0.1:0"));
    command.addAll(List.of("--violations-log", "off"));
    command.addAll(options);
    startedNanos = System.nanoTime();
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader log = process.errorReader(StandardCharsets.UTF_8);
    StringBuilder said = new StringBuilder();
    String line = log.readLine();
    while (line != null && !line.contains(LISTENING)) {
      said.append(line).append('\n');
      line = log.readLine();
    }
    if (line == null) {
      throw new IOException("the agent did not start:\n" + said);
    }
    address = line.substring(line.indexOf(LISTENING) + LISTENING.length()).trim();
  }

  /** The metrics page. */
  String scrape() throws IOException {
    try (InputStream in = URI.create("http://" + address + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  double millisSinceStart() {
    return (System.nanoTime() - startedNanos) / 1e6;
  }

  /** A line {@code Vm…: N kB} of the process's status, in MiB. */
  double memory(String field) throws IOException {
    for (String line : Files.readAllLines(proc().resolve("status"))) {
      if (line.startsWith(field + ":")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("no " + field + " in the status of the process");
  }

  /** The CPU time that each of its threads has had by now, by thread name; milliseconds. */
  Map<String, Double> cpuMillis() throws IOException {
    Map<String, Double> times = new TreeMap<>();
    try (var tasks = Files.newDirectoryStream(proc().resolve("task"))) {
      for (Path task : tasks) {
        String name = Files.readString(task.resolve("comm")).trim();
        String[] stat = Files.readString(task.resolve("schedstat")).split(" ", -1);
        times.merge(name, Long.parseLong(stat[0]) / 1e6, Double::sum);
      }
    }
    return times;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The sum of a metric's series whose name and labels begin so. */
  static double sum(String metrics, String start) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(start))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private Path proc() {
    return Path.of("/proc", Long.toString(process.pid()));
  }
}
