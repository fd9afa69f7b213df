package io.seccompwatch.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves the read-only pages: exact paths, GET and HEAD, a bounded number of connections, and a
 * bounded time for each request, so that slow or many clients cost the node no memory. Thread-safe.
 */
public final class HttpApi implements WebServer {

  private static final int BACKLOG = 32;
  private static final int CHUNK = 16 * 1_024;

  /** The JDK's server has its bounds as system properties only, and by default none. */
  private static final Map<String, String> SERVER_BOUNDS =
      Map.of(
          "sun.net.httpserver.maxReqTime", "5",
          "sun.net.httpserver.maxRspTime", "10",
          "sun.net.httpserver.maxReqHeaderSize", "16384",
          "jdk.httpserver.maxConnections", "256");

  private final HttpServer server;
  private final ExecutorService threads;
  private final Site site;

  /**
   * Binds the address and serves at once.
   *
   * @throws IOException when the address cannot be bound
   */
  public HttpApi(InetSocketAddress address, Site site) throws IOException {
    this.site = site;
    // A slow client costs a virtual thread, and the probes need not wait for it; how many there can
    // be is bounded by the connections.
    this.threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http-", 1).factory());
    SERVER_BOUNDS.forEach(
        (name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, value);
          }
        });
    this.server = HttpServer.create(address, BACKLOG);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  @Override
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Headers headers = exchange.getRequestHeaders();
      site.answer(
          new Asked(
              exchange.getRequestMethod(),
              exchange.getRequestURI(),
              exchange.getRemoteAddress().getAddress(),
              headers.getFirst("Host"),
              headers.getFirst("Accept"),
              headers.getFirst("Authorization")),
          response -> write(response, exchange));
    }
  }

  private static void write(Response response, HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", response.contentType());
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    response.headers().forEach(exchange.getResponseHeaders()::set);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head || response.body().length == 0) {
      exchange.sendResponseHeaders(response.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(response.status(), response.body().length);
    byte[] body = response.body();
    try (OutputStream out = exchange.getResponseBody()) {
      // The JDK's server copies what it is given at once
      for (int at = 0; at < body.length; at += CHUNK) {
        out.write(body, at, Math.min(CHUNK, body.length - at));
      }
    }
  }
}
