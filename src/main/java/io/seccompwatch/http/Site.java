package io.seccompwatch.http;

import io.seccompwatch.http.RequestReader.HttpRequest;
import io.seccompwatch.http.Site.RefusedRequests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The read-only pages by exact path, and who may read them: the same behind HTTP and HTTPS.
 * Thread-safe.
 */
public final class Site {

  private static final int MAX_HEADER = 1_024;

  private final Map<String, Page> pages;
  private final Access access;
  private final ResponseBudget large;

  private Site(Map<String, Page> pages, Access access, RefusedRequests denials) {
    this.pages = Map.copyOf(pages);
    this.access = access;
    this.large = new ResponseBudget(ResponseBudget.BYTES, denials);
  }

  /**
   * Pages without authorization: the query API is for loopback, everything else for everybody.
   *
   * @param listenHost the address that is served, as it was configured
   * @param denials counts what is refused
   */
  public static Site local(Map<String, Page> pages, String listenHost, RefusedRequests denials) {
    return new Site(pages, new LoopbackOnly(listenHost, denials), denials);
  }

  /**
   * Pages of which all but health and the front page are for bearer tokens that may read them.
   *
   * @param denials counts what is refused
   */
  public static Site authorized(
      Map<String, Page> pages, ReviewCache reviews, RefusedRequests denials) {
    return new Site(pages, new TokenAccess(reviews, denials), denials);
  }

  /** Whether a path is of the query API. */
  static boolean isApi(String path) {
    return path.startsWith("/api/");
  }

  /** Whether a path tells of workloads: such answers are large, and not for everybody. */
  static boolean isTelling(String path) {
    return path.equals("/metrics") || isApi(path);
  }

  /** Whether a request is for such a path. */
  static boolean isTelling(HttpRequest asked) {
    String path = asked.target().getPath();
    return path != null && isTelling(path);
  }

  /** The answer to a client when there is no room for another large one; it is counted. */
  Response noRoom() {
    return large.noRoom();
  }

  /** Answers a request, whatever it is. */
  void answer(HttpRequest asked, ResponseBudget.Writing writing) throws IOException {
    Response refusal = refusal(asked);
    String path = asked.target().getPath();
    if (refusal != null) {
      writing.write(refusal);
    } else if (isTelling(path)) {
      large.answer(() -> ContentCoding.encode(page(path, asked), asked.acceptEncoding()), writing);
    } else {
      writing.write(page(path, asked));
    }
  }

  /** Why a request is not answered; null when it is, with the page of its path. */
  private @Nullable Response refusal(HttpRequest asked) {
    if (!asked.method().equals("GET") && !asked.method().equals("HEAD")) {
      return Response.text(405, "only GET and HEAD are served\n").with("Allow", "GET, HEAD");
    }
    String path = asked.target().getPath();
    if (path == null || !pages.containsKey(path)) {
      return Response.text(404, "no such page; see /\n");
    }
    Response refusal = access.refuse(path, asked);
    if (refusal == null && orEmpty(asked.target().getRawQuery()).length() > MAX_HEADER) {
      return Response.text(414, "the query is longer than " + MAX_HEADER + " characters\n");
    }
    return refusal;
  }

  private Response page(String path, HttpRequest asked) {
    String query = orEmpty(asked.target().getRawQuery());
    String accept = orEmpty(asked.accept());
    try {
      return Objects.requireNonNull(pages.get(path))
          .get(new Page.Request(query, accept.length() > MAX_HEADER ? "" : accept));
    } catch (IOException | RuntimeException e) {
      // A defect of one page: its reader gets an answer, and the others go on
      return Response.text(500, "this page failed: " + e.getClass().getSimpleName() + "\n");
    }
  }

  private static String orEmpty(@Nullable String header) {
    return header == null ? "" : header;
  }

  /** Decides who may read a page. Thread-safe. */
  @FunctionalInterface
  interface Access {

    /**
     * Looks at a request for a page that there is.
     *
     * @param path the page's path
     * @return why it is not answered; null when it is
     */
    @Nullable Response refuse(String path, HttpRequest asked);
  }

  /** Counts the requests that were refused, by reason. Thread-safe. */
  public static final class RefusedRequests {

    /** Why a request is refused; the names are label values. */
    enum Reason {
      /** It has no bearer token, and needs one. */
      NO_TOKEN,
      /** Nobody is known by its token. */
      BAD_TOKEN,
      /** Whoever it is may not read this page. */
      FORBIDDEN,
      /** The API server could not be asked. */
      API_UNAVAILABLE,
      /** Too many tokens are being asked about. */
      TOO_MANY_REVIEWS,
      /** Too many answers are being read, too slowly. */
      TOO_MANY_ANSWERS,
      /** The query API without authorization is for loopback. */
      NOT_LOOPBACK,
      /** It came over loopback under the name of somebody else. */
      FOREIGN_HOST;

      private String label() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    private final Map<Reason, LongAdder> counts = new EnumMap<>(Reason.class);

    /** Nothing was refused yet. */
    public RefusedRequests() {
      for (Reason reason : Reason.values()) {
        counts.put(reason, new LongAdder());
      }
    }

    /** Counts one. */
    void count(Reason reason) {
      Objects.requireNonNull(counts.get(reason)).increment();
    }

    /** Every reason with its count, also those that have none yet. */
    public Map<String, Long> byReason() {
      Map<String, Long> all = new LinkedHashMap<>();
      counts.forEach((reason, count) -> all.put(reason.label(), count.sum()));
      return all;
    }
  }

  /**
   * Bounds what large answers take of the agent's small heap, however many clients ask and however
   * slowly they read: one is made at a time, and those that are made and not yet written share a
   * number of bytes. Thread-safe.
   */
  static final class ResponseBudget {

    /**
     * A fifth of the heap that the agent is given (run.options): metrics of a busy node ten times.
     */
    static final int BYTES = 8 << 20;

    /** One is made in tens of milliseconds. */
    private static final long PATIENCE_SECONDS = 5;

    /** Makes an answer. */
    @FunctionalInterface
    interface Making {
      Response make();
    }

    /** Writes an answer to whoever asked, and comes back when it is written. */
    @FunctionalInterface
    interface Writing {
      void write(Response response) throws IOException;
    }

    private final int capacity;
    private final RefusedRequests denials;
    private final Semaphore turn = new Semaphore(1, true);
    private final Semaphore left;

    /**
     * Nothing is being answered yet.
     *
     * @param capacity how many bytes of answers there may be at once; a larger one takes all of
     *     them
     * @param denials counts those that there was no room for
     */
    ResponseBudget(int capacity, RefusedRequests denials) {
      this.capacity = capacity;
      this.denials = denials;
      this.left = new Semaphore(capacity);
    }

    /** Makes and writes an answer, or writes that there is no room for it. */
    void answer(Making making, Writing writing) throws IOException {
      Response response = null;
      int taken = 0;
      if (hasTurn()) {
        try {
          Response made = making.make();
          int size = Math.min(made.body().length, capacity);
          if (left.tryAcquire(size)) {
            taken = size;
            response = made;
          }
        } finally {
          turn.release();
        }
      }
      try {
        writing.write(response == null ? noRoom() : response);
      } finally {
        left.release(taken);
      }
    }

    private boolean hasTurn() {
      try {
        return turn.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the agent is being closed
        return false;
      }
    }

    /** The answer to a client that there is no room for; it is counted. */
    Response noRoom() {
      denials.count(RefusedRequests.Reason.TOO_MANY_ANSWERS);
      return Response.text(503, "too many answers are being read\n").with("Retry-After", "5");
    }
  }

  /** {@code /}: says what this is and where things are, for a person with a browser. */
  public static final class FrontPage implements Page {

    private static final String HTML =
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>seccomp-watch</title></head>
        <body><h1>seccomp-watch</h1>
        <p>Shows the seccomp denials that the kernel of this node writes down, and which workload each
        came from. Containers whose denials leave no trace are listed under posture in the status.</p>
        <ul>
        <li><a href="/api/v1/violations">/api/v1/violations</a>: the last violations</li>
        <li><a href="/api/v1/status">/api/v1/status</a>: sources, balance, canary</li>
        <li><a href="/metrics">/metrics</a>: for Prometheus</li>
        <li><a href="/readyz">/readyz</a>, <a href="/livez">/livez</a>: health</li>
        </ul></body></html>
        """;

    @Override
    public Response get(Page.Request request) {
      return new Response(200, "text/html; charset=utf-8", HTML.getBytes(StandardCharsets.UTF_8));
    }
  }
}
