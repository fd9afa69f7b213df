package io.seccompwatch.http;

import io.seccompwatch.http.RequestReader.HttpRequest;
import io.seccompwatch.http.Site.ResponseBudget;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Serves a {@link Site} over HTTP or HTTPS until it is closed. The number of connections is bounded
 * ({@link ConnectionPlaces}), and so is the time for a handshake and a request, for an answer, and
 * between requests, so that slow or many clients cost the node no memory and the probes find a
 * place. Thread-safe.
 *
 * <p>This is not the JDK's HttpServer: there one client may have all connections, and its bounds
 * are properties of the whole JVM. Its HttpsServer cannot be bounded at all: it closes a connection
 * by writing to it, under the locks that the write which does not end holds (seen with 25.0.3). One
 * client that does not read its answer stops its timer, and then everybody. It also asks the name
 * service for each client's name. Here the socket below is closed, which never waits.
 */
public final class WebServer implements AutoCloseable {

  /**
   * What a client may take.
   *
   * @param connections at once; one more takes the place of one that waits ({@link
   *     ConnectionPlaces})
   * @param request for the handshake, and for a request from its first byte on
   * @param response for an answer to be made and read
   * @param idle between requests
   */
  public record Limits(int connections, Duration request, Duration response, Duration idle) {

    /** TLS takes some 50 KB a connection. */
    public static final Limits DEFAULT =
        new Limits(64, Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(30));
  }

  private static final int BACKLOG = 32;

  /** How long to wait when nothing can be accepted, for want of descriptors say. */
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final ServerSocket server;
  private final @Nullable TlsFiles files;
  private final Site site;
  private final Limits limits;

  private final ConnectionPlaces places;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http-", 1).factory());
  private final Thread acceptor;
  private final ScheduledThreadPoolExecutor deadlines =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("http-deadlines").factory());

  /**
   * Binds the address and serves at once.
   *
   * @param files what TLS is made of; null for plain HTTP
   * @throws IOException when the address cannot be bound
   */
  public WebServer(InetSocketAddress address, Site site, @Nullable TlsFiles files, Limits limits)
      throws IOException {
    this.site = site;
    this.files = files;
    this.limits = limits;
    this.places = new ConnectionPlaces(limits.connections());
    this.server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(address, BACKLOG);
    } catch (IOException e) {
      server.close();
      throw e;
    }
    deadlines.setRemoveOnCancelPolicy(true);
    deadlines.setKeepAliveTime(1, TimeUnit.MINUTES);
    deadlines.allowCoreThreadTimeOut(true);
    acceptor = Thread.ofVirtual().name("http-accept").start(this::accept);
  }

  /** The address that is served, with the port that was picked. */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  /** Hangs up on everybody, and frees the address. */
  @Override
  public void close() {
    hangUp(server);
    acceptor.interrupt(); // it may be pausing
    deadlines.shutdownNow();
    places.hangUpOnAll();
    threads.shutdownNow();
    try {
      acceptor.join(Duration.ofSeconds(1)); // until then the address is not free
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        take(server.accept());
      } catch (IOException e) {
        pause();
      }
    }
  }

  private void take(Socket socket) {
    ConnectionPlaces.ConnectionPlace place = places.take(socket);
    if (place == null) {
      hangUp(socket);
      return;
    }
    try {
      threads.execute(() -> serve(place));
    } catch (RejectedExecutionException e) {
      place.close(); // all of this is being closed
    }
  }

  private void pause() {
    try {
      if (!server.isClosed()) {
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private void serve(ConnectionPlaces.ConnectionPlace place) {
    SSLContext context = files == null ? null : files.context();
    try (place;
        Deadline deadline = new Deadline(deadlines, place.socket())) {
      new Connection(place, context, site, limits, deadline).serve();
    } catch (IOException | RejectedExecutionException e) {
      // The client's own affair: it speaks no TLS, has hung up or has taken too long. Or this is
      // closed.
    }
  }

  private static void hangUp(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // It is closed
    }
  }

  /** When a connection is closed, unless it is said anew before. For one thread. */
  private static final class Deadline implements Consumer<Duration>, AutoCloseable {
    private final ScheduledThreadPoolExecutor clock;
    private final Socket socket;
    private @Nullable Future<?> next;

    private Deadline(ScheduledThreadPoolExecutor clock, Socket socket) {
      this.clock = clock;
      this.socket = socket;
    }

    @Override
    public void accept(Duration time) {
      close();
      next = clock.schedule(() -> hangUp(socket), time.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
      if (next != null) {
        next.cancel(false);
      }
    }
  }

  /** Serves one client, request by request, each part of it within its time. For one thread. */
  static final class Connection {

    private static final int SMALL = 4 * 1_024;
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    /** RFC 9110, 5.6.7; the JDK's RFC_1123_DATE_TIME has days of one digit. */
    private static final DateTimeFormatter DATE =
        DateTimeFormatter.ofPattern("EEE, dd MMM uuuu HH:mm:ss 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    private final ConnectionPlaces.ConnectionPlace place;
    private final Socket socket;
    private final @Nullable SSLContext context;
    private final Site site;
    private final WebServer.Limits limits;
    private final Consumer<Duration> within;

    /**
     * @param place the connection's place, to be closed by its owner
     * @param context for TLS; null for plain HTTP
     * @param within asks for the socket to be closed when a time is over, instead of the time that
     *     was asked for before
     */
    Connection(
        ConnectionPlaces.ConnectionPlace place,
        @Nullable SSLContext context,
        Site site,
        WebServer.Limits limits,
        Consumer<Duration> within) {
      this.place = place;
      this.socket = place.socket();
      this.context = context;
      this.site = site;
      this.limits = limits;
      this.within = within;
    }

    /**
     * Serves until the client or the server has had enough.
     *
     * @throws IOException when the client speaks no TLS, hangs up or takes too long
     */
    void serve() throws IOException {
      within.accept(limits.request());
      if (context == null) {
        serveAll(socket);
        within.accept(limits.request());
        sayGoodbye();
        return;
      }
      SSLSocketFactory factory = context.getSocketFactory();
      SSLSocket tls = (SSLSocket) factory.createSocket(socket, null, true);
      tls.setEnabledProtocols(PROTOCOLS);
      tls.startHandshake();
      place.active();
      serveAll(tls);
      within.accept(limits.request());
      tls.close();
    }

    private void serveAll(Socket stream) throws IOException {
      RequestReader requests = new RequestReader(stream.getInputStream());
      OutputStream out = new BufferedOutputStream(stream.getOutputStream(), SMALL);
      boolean more = true;
      while (more) {
        more = serveOne(requests, out);
        within.accept(limits.idle());
      }
    }

    /** A socket that is closed with something unread, a body say, takes back what it has sent. */
    private void sayGoodbye() throws IOException {
      socket.shutdownOutput();
      byte[] rest = new byte[SMALL];
      InputStream in = socket.getInputStream();
      for (int read = 0; read >= 0; ) {
        read = in.read(rest);
      }
    }

    /** Serves a request; says whether another one may follow. */
    private boolean serveOne(RequestReader requests, OutputStream out) throws IOException {
      RequestReader.Head head;
      try {
        head = requests.next(() -> within.accept(limits.request()));
      } catch (RequestReader.BadRequestException e) {
        within.accept(limits.response());
        write(Response.text(e.status(), e.getMessage() + "\n"), false, false, out);
        return false;
      }
      if (head == null) {
        return false;
      }
      within.accept(limits.response());
      ResponseBudget.Writing writing =
          response -> write(response, head.method().equals("HEAD"), head.keepAlive(), out);
      HttpRequest asked = asked(head, socket.getInetAddress());
      if (!Site.isTelling(asked)) {
        place.active();
        site.answer(asked, writing);
      } else if (place.beginAnswer()) {
        try {
          site.answer(asked, writing);
        } finally {
          place.endAnswer();
        }
      } else {
        writing.write(site.noRoom());
      }
      return head.keepAlive();
    }

    private static HttpRequest asked(RequestReader.Head head, InetAddress peer) {
      return new HttpRequest(
          head.method(),
          head.target(),
          peer,
          head.headers().get("host"),
          head.headers().get("accept"),
          head.headers().get("authorization"),
          head.headers().get("accept-encoding"));
    }

    /** A small answer goes out as one record. */
    private static void write(Response response, boolean head, boolean keepAlive, OutputStream out)
        throws IOException {
      StringBuilder text = new StringBuilder(256);
      text.append("HTTP/1.1 ").append(response.status()).append(' ').append(reason(response));
      field(text, "Date", date(Instant.now()));
      field(text, "Content-Type", response.contentType());
      field(text, "X-Content-Type-Options", "nosniff");
      response.headers().forEach((name, value) -> field(text, name, value));
      field(text, "Content-Length", Integer.toString(response.body().length));
      if (!keepAlive) {
        field(text, "Connection", "close");
      }
      text.append("\r\n\r\n");
      out.write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
      if (!head) {
        out.write(response.body());
      }
      out.flush();
    }

    static String date(Instant time) {
      return DATE.format(time);
    }

    private static void field(StringBuilder text, String name, @Nullable String value) {
      text.append("\r\n").append(name).append(": ").append(value);
    }

    /** The words are for people only. */
    private static String reason(Response response) {
      return switch (response.status()) {
        case 200 -> "OK";
        case 400 -> "Bad Request";
        case 401 -> "Unauthorized";
        case 403 -> "Forbidden";
        case 404 -> "Not Found";
        case 405 -> "Method Not Allowed";
        case 414 -> "URI Too Long";
        case 431 -> "Request Header Fields Too Large";
        case 500 -> "Internal Server Error";
        case 503 -> "Service Unavailable";
        case 505 -> "HTTP Version Not Supported";
        default -> "";
      };
    }
  }
}
