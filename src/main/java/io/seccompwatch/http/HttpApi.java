package io.seccompwatch.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Serves the read-only pages: exact paths, GET and HEAD, a bounded number of connections, and a
 * bounded time for each request, so that slow or many clients cost the node no memory. Thread-safe.
 */
public final class HttpApi implements AutoCloseable {

  /** Answers one GET request; the query string may be null and is hostile. */
  @FunctionalInterface
  public interface Page {
    /** Makes the answer to a request. */
    Response get(Request request) throws IOException;
  }

  /**
   * What a page may know of a request.
   *
   * @param query the raw query string, empty when there is none
   * @param accept the Accept header, empty when there is none
   */
  public record Request(String query, String accept) {}

  /** An answer with its body as a whole. */
  @SuppressWarnings("ArrayRecordComponent") // handed on and never compared
  public record Response(int status, String contentType, byte[] body) {

    /** A line of plain text. */
    public static Response text(int status, String text) {
      return new Response(
          status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    /** A JSON document. */
    public static Response json(int status, byte[] body) {
      return new Response(status, "application/json", body);
    }

    @Override
    public String toString() {
      return status + " " + contentType + " " + body.length + " bytes";
    }
  }

  private static final int BACKLOG = 32;
  private static final int MAX_HEADER = 1_024;

  /** The JDK's server has its bounds as system properties only, and by default none. */
  private static final Map<String, String> SERVER_BOUNDS =
      Map.of(
          "sun.net.httpserver.maxReqTime", "5",
          "sun.net.httpserver.maxRspTime", "10",
          "sun.net.httpserver.maxReqHeaderSize", "16384",
          "jdk.httpserver.maxConnections", "256");

  private final HttpServer server;
  private final ExecutorService threads;
  private final Map<String, Page> pages;

  /**
   * Binds the address and serves at once.
   *
   * @param pages by exact path
   * @throws IOException when the address cannot be bound
   */
  public HttpApi(InetSocketAddress address, Map<String, Page> pages) throws IOException {
    this.pages = Map.copyOf(pages);
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

  /** The address that is served, with the port that was picked. */
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
      Response response = respond(exchange);
      exchange.getResponseHeaders().set("Content-Type", response.contentType());
      exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head || response.body().length == 0) {
        exchange.sendResponseHeaders(response.status(), -1);
        return;
      }
      exchange.sendResponseHeaders(response.status(), response.body().length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(response.body());
      }
    }
  }

  private Response respond(HttpExchange exchange) {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Response.text(405, "only GET and HEAD are served\n");
    }
    String path = exchange.getRequestURI().getPath();
    Page page = path == null ? null : pages.get(path);
    if (page == null) {
      return Response.text(404, "no such page; see /\n");
    }
    String query = orEmpty(exchange.getRequestURI().getRawQuery());
    if (query.length() > MAX_HEADER) {
      return Response.text(414, "the query is longer than " + MAX_HEADER + " characters\n");
    }
    String accept = orEmpty(exchange.getRequestHeaders().getFirst("Accept"));
    try {
      return page.get(new Request(query, accept.length() > MAX_HEADER ? "" : accept));
    } catch (IOException | RuntimeException e) {
      // A defect of one page: its reader gets an answer, and the others go on
      return Response.text(500, "this page failed: " + e.getClass().getSimpleName() + "\n");
    }
  }

  private static String orEmpty(@Nullable String header) {
    return header == null ? "" : header;
  }
}
