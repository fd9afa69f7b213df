package io.seccompwatch.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
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
}
