package io.seccompwatch.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.seccompwatch.testing.PodJson;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * An API server on loopback that answers as it is told: each answer once, the usual one when none
 * is left. Usually a list is empty, and a watch stays open and tells what {@link #tell} is given.
 */
final class MockApi implements AutoCloseable {

  /** Answers one request. */
  interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private static final String END = "";

  final LinkedBlockingDeque<Answer> lists = new LinkedBlockingDeque<>();
  final LinkedBlockingDeque<Answer> watches = new LinkedBlockingDeque<>();

  /** The queries of lists and of watches, in order. */
  final List<String> listed = new CopyOnWriteArrayList<>();

  final List<String> watched = new CopyOnWriteArrayList<>();

  volatile Answer usualList = json(200, PodJson.list("100", List.of()));
  volatile Answer usualWatch = this::open;

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  MockApi() throws IOException {
    this(0);
  }

  MockApi(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** A kubeconfig that leads here. */
  Path kubeconfig(Path directory) throws IOException {
    String text =
        """
        apiVersion: v1
        kind: Config
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test}}]
        clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: test, user: {token: secret}}]
        """
            .formatted(port());
    return Files.writeString(directory.resolve("kubeconfig"), text);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String query = exchange.getRequestURI().getRawQuery();
    String decoded = URLDecoder.decode(query == null ? "" : query, StandardCharsets.UTF_8);
    boolean watch = decoded.contains("watch=1");
    (watch ? watched : listed).add(decoded);
    Answer next = (watch ? watches : lists).poll();
    try (exchange) {
      (next != null ? next : watch ? usualWatch : usualList).to(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes open watches tell, one after the other. */
  void tell(String event) {
    events.add(event);
  }

  /** Ends an open watch, as the server does when its time is over. */
  void endWatch() {
    events.add(END);
  }

  private void open(HttpExchange exchange) throws IOException, InterruptedException {
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    out.flush();
    for (String event = events.take(); !event.equals(END); event = events.take()) {
      out.write(event.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  /** An answer with a body. */
  static Answer json(int status, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : 0);
      exchange.getResponseBody().write(bytes);
    };
  }

  /** A {@code Status} that refuses. */
  static Answer refuse(int status, String message) {
    return json(
        status, PodJson.text(PodJson.object("kind", "Status", "code", status, "message", message)));
  }

  /** The same, with the time to wait. */
  static Answer refuseFor(int status, String retryAfter) {
    return exchange -> {
      exchange.getResponseHeaders().add("Retry-After", retryAfter);
      refuse(status, "later").to(exchange);
    };
  }

  /** Takes the request and says nothing. */
  static Answer silence() {
    return exchange -> Thread.sleep(60_000);
  }

  /** Begins a body and goes on with a blank every tenth of a second, for half a minute. */
  static Answer dripping(int status, String begin) {
    return exchange -> {
      exchange.sendResponseHeaders(status, 0);
      exchange.getResponseBody().write(begin.getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < 300; i++) {
        exchange.getResponseBody().write(' ');
        exchange.getResponseBody().flush();
        Thread.sleep(100);
      }
    };
  }

  /** Announces a body and breaks off in it. */
  static Answer truncated(String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes, 0, bytes.length / 2);
      exchange.getResponseBody().flush();
    };
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
