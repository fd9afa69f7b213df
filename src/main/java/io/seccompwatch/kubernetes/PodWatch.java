package io.seccompwatch.kubernetes;

import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.kubernetes.ApiConnection.Streamed;
import io.seccompwatch.kubernetes.ApiStatus.ErrorText;
import io.seccompwatch.kubernetes.PodStream.Page;
import io.seccompwatch.kubernetes.PodStream.WatchErrorException;
import io.seccompwatch.kubernetes.PodWatch.PodWatchStatus.State;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an index of this node's pods: a list, then a watch from there on, and the same again for as
 * long as the agent runs, whatever the API server does. One thread of its own; the other methods
 * are thread-safe.
 *
 * <p>Lists are asked for without a limit. With one, the API server leaves its cache and reads from
 * etcd; without one it picks the node's pods from the cache, and what it sends is read as it comes.
 * The first list takes any version that the server has, a later one none older than was known, so
 * that time does not run backwards.
 */
public final class PodWatch implements AutoCloseable {

  /**
   * How patient to be.
   *
   * @param firstRetry the wait after a first failure, on average a little less
   * @param longestRetry the wait that it grows to
   * @param refused the wait after the server refused the agent itself again and again: that takes a
   *     person
   * @param answer how long an answer may take to begin, and to go on when it is a list
   * @param list how long a list may take altogether, however it drips
   * @param watch how long a watch is asked to last; also how long a dead one goes unnoticed that
   *     never had a bookmark
   * @param silence how long a watch may say nothing once it has had a bookmark; the API server
   *     sends one about each minute
   * @param steady how long a watch must last to count as a success, however it ends
   */
  public record Timing(
      Duration firstRetry,
      Duration longestRetry,
      Duration refused,
      Duration answer,
      Duration list,
      Duration watch,
      Duration silence,
      Duration steady) {

    /** What suits clusters of any size. */
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofMillis(500),
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(30),
            Duration.ofMinutes(3),
            Duration.ofMinutes(5),
            Duration.ofMinutes(3),
            Duration.ofSeconds(5));
  }

  /** Told of changes, by the watch's own thread; for a log. */
  public interface Listener {
    /**
     * The pods are complete.
     *
     * @param pods how many
     * @param failures how many attempts failed before this one
     */
    void synced(int pods, int failures);

    /**
     * Something failed.
     *
     * @param state what that means
     * @param error what failed, in a line
     * @param retry when it is tried again
     */
    void failed(State state, String error, Duration retry);
  }

  private static final int GONE = 410;

  /**
   * How many 403 it takes until that is believed to take a person: an API server that has just
   * started forbids everything until it has read its rules, for a second or so (seen in 1.36).
   */
  private static final int BELIEVED_AFTER = 5;

  private static final int MAX_PAGES = 100;

  /** How often in a row a watch ends sooner than is steady until that is a failure. */
  private static final int SHORT_IN_A_ROW = 3;

  /** Bytes that are read of an answer other than 200. */
  private static final int MAX_ERROR = 64 << 10;

  /** How much later than asked a watch may end before it is taken for dead. */
  private static final Duration LATE = Duration.ofSeconds(15);

  /** An answer other than 200. */
  private static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final int status;
    private final transient @Nullable Duration retryAfter;

    RefusedException(int status, @Nullable Duration retryAfter, String message) {
      super("HTTP " + status + (message.isEmpty() ? "" : ": " + message));
      this.status = status;
      this.retryAfter = retryAfter;
    }
  }

  private final ApiConnection api;
  private final PodIndex index;
  private final Clock clock;
  private final Timing timing;
  private final Listener listener;
  private final RandomGenerator random;
  private final Backoff backoff;
  private final SkipCounts skips = new SkipCounts();
  private final PodStream stream;
  private final WatchStats book;
  private final String selector;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;

  /** Where the watch goes on; null when a list is due. This thread's own. */
  private @Nullable String version;

  private String notOlderThan = "0";

  /** How often the server has forbidden it since the pods were last in touch. */
  private int forbidden;

  /**
   * A watch; {@link #start} starts it.
   *
   * @param api where from
   * @param node whose pods
   * @param index what is kept
   * @param clock for times in the status
   * @param timing how patient to be
   * @param random spreads the retries
   * @param listener told of changes
   */
  public PodWatch(
      ApiConnection api,
      String node,
      PodIndex index,
      Clock clock,
      Timing timing,
      RandomGenerator random,
      Listener listener) {
    this.api = api;
    this.index = index;
    this.clock = clock;
    this.timing = timing;
    this.listener = listener;
    this.random = random;
    this.backoff = new Backoff(timing.firstRetry(), timing.longestRetry(), random);
    this.stream = new PodStream(node, skips);
    this.book = new WatchStats(clock);
    this.selector =
        "fieldSelector=" + URLEncoder.encode("spec.nodeName=" + node, StandardCharsets.UTF_8);
    this.thread = new Thread(this::run, "kubernetes-pods");
    this.thread.setDaemon(true);
  }

  /** Begins to read. */
  public void start() {
    thread.start();
  }

  /** How it is doing. */
  public PodWatchStatus status() {
    return book.status(api.server(), skips.counts());
  }

  /** Stops, within a moment; the index stays as it is. */
  @Override
  public void close() {
    stop.countDown();
    thread.interrupt();
  }

  private boolean stopped() {
    return stop.getCount() == 0;
  }

  private void run() {
    try {
      while (!stopped()) {
        attempt();
      }
    } catch (InterruptedException e) {
      // Only close interrupts
    } finally {
      index.outOfTouch(clock.instant());
      book.state(State.STOPPED);
    }
  }

  private void attempt() throws InterruptedException {
    try {
      if (version == null) {
        list();
      }
      if (watch()) {
        return;
      }
      if (backoff.failures() + 1 < SHORT_IN_A_ROW) {
        pause(backoff.next());
      } else {
        failed(State.UNAVAILABLE, "watches end at once", backoff.next());
      }
    } catch (RefusedException e) {
      refused(e);
    } catch (WatchErrorException e) {
      expired(e);
    } catch (IOException | RuntimeException e) {
      if (!stopped()) {
        broken(e);
      }
    }
  }

  private void list() throws IOException, InterruptedException {
    List<PodFacts> pods = new ArrayList<>();
    String next = null;
    String reached = "";
    for (int page = 0; page < MAX_PAGES; page++) {
      String query = next == null ? "&resourceVersion=" + notOlderThan : "&limit=500" + then(next);
      try (Streamed answer = get(selector + query, timing.answer(), timing.list())) {
        Page read = stream.list(answer.body());
        pods.addAll(read.pods());
        next = read.next();
        reached = read.resourceVersion();
      }
      if (next == null) {
        break;
      }
    }
    if (next != null || pods.size() > PodStream.MAX_PODS) {
      throw new IOException("the list of pods has no end");
    }
    index.replaceAll(pods);
    version = reached;
    notOlderThan = reached;
    book.listed();
    synced();
  }

  private static String then(String token) {
    return "&continue=" + URLEncoder.encode(token, StandardCharsets.UTF_8);
  }

  /** Watches to the end of it; whether that was steady. */
  private boolean watch() throws IOException, InterruptedException {
    long half = timing.watch().toSeconds() / 2;
    long seconds = Math.max(1, half + (half == 0 ? 0 : random.nextLong(half + 1)));
    String query =
        "&watch=1&allowWatchBookmarks=true&timeoutSeconds="
            + seconds
            + "&resourceVersion="
            + URLEncoder.encode(String.valueOf(version), StandardCharsets.UTF_8);
    Duration longest = Duration.ofSeconds(seconds).plus(LATE);
    try (Streamed answer = get(selector + query, longest, longest)) {
      book.watching();
      synced();
      long begun = System.nanoTime();
      boolean steady = false;
      try {
        stream.watch(answer.body(), new IntoIndex(answer.body()));
      } finally {
        steady = System.nanoTime() - begun >= timing.steady().toNanos();
        if (steady) {
          backoff.reset(); // A watch that broke after hours says nothing against the next one
        }
      }
      return steady;
    }
  }

  private Streamed get(String query, Duration patience, Duration whole)
      throws IOException, InterruptedException {
    Streamed answer = api.get("/api/v1/pods?" + query, timing.answer(), patience, whole);
    if (answer.status() == 200) {
      return answer;
    }
    answer.body().within(timing.answer());
    answer.body().allow(MAX_ERROR);
    try (answer) {
      throw new RefusedException(answer.status(), answer.retryAfter(), ErrorText.of(answer.body()));
    }
  }

  private void synced() {
    index.inTouch();
    forbidden = 0;
    if (book.state(State.SYNCED)) {
      int failures = backoff.failures();
      tell(() -> listener.synced(index.size().live(), failures));
    }
  }

  private void refused(RefusedException e) throws InterruptedException {
    String error = String.valueOf(e.getMessage());
    switch (e.status) {
      case GONE -> relist(error);
      case 401 -> {
        renew();
        failed(State.UNAUTHORIZED, error, backoff.next());
      }
      case 403 -> {
        if (forbidden == 0) {
          backoff.reset(); // However long the server was away, it has just come
        }
        forbidden++;
        Duration wait = backoff.next();
        boolean believed = forbidden >= BELIEVED_AFTER;
        failed(State.FORBIDDEN, error, believed ? backoff.atLeast(timing.refused()) : wait);
      }
      default -> {
        // 504 says that the version is one of the future: etcd was restored, say
        if (e.status == 400 || e.status == 504) {
          notOlderThan = "0";
          version = null;
        }
        Duration wait = backoff.next();
        Duration asked = e.retryAfter == null ? Duration.ZERO : e.retryAfter;
        boolean longer = asked.compareTo(wait) > 0;
        failed(State.UNAVAILABLE, error, longer ? backoff.atLeast(asked) : wait);
      }
    }
  }

  /** The watch told of an error after it had begun. */
  private void expired(WatchErrorException e) throws InterruptedException {
    String error = String.valueOf(e.getMessage());
    if (e.code() == GONE) {
      relist(error);
    } else {
      version = null;
      failed(State.UNAVAILABLE, error, backoff.next());
    }
  }

  /** The version that was known is too old: normal after hours without the server. */
  private void relist(String error) throws InterruptedException {
    if (version == null) {
      // Not even a list can be had from there
      notOlderThan = "0";
    }
    version = null;
    // What was missed is not known; mostly the list is there within milliseconds
    index.outOfTouch(clock.instant());
    if (backoff.failures() + 1 < SHORT_IN_A_ROW) {
      book.failed(error);
      pause(backoff.next());
    } else {
      failed(State.UNAVAILABLE, error, backoff.next());
    }
  }

  private void broken(Exception e) throws InterruptedException {
    SkipReason reason = WatchStats.reasonOf(e);
    if (reason != null) {
      skips.count(reason);
      version = null;
    } else if (!(e instanceof IOException)) {
      version = null; // A defect: what was missed is not known
    }
    if (hasCause(e, SSLException.class)) {
      renew();
    }
    failed(State.UNAVAILABLE, ApiConnection.text(e), backoff.next());
  }

  private static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 16; depth++, cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** Certificates or a kubeconfig's token may have been renewed on disk. */
  private void renew() {
    try {
      api.renew();
    } catch (IOException e) {
      book.failed(ApiConnection.text(e));
    }
  }

  private void failed(State state, String error, Duration retry) throws InterruptedException {
    index.outOfTouch(clock.instant());
    book.failed(error);
    book.state(state);
    tell(() -> listener.failed(state, error, retry));
    pause(retry);
  }

  /** A listener's defect is no reason to stop reading. */
  private void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      book.failed(ApiConnection.text(e));
    }
  }

  private void pause(Duration time) throws InterruptedException {
    if (stop.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new InterruptedException("stopped");
    }
  }

  /** What a watch tells, into the index. */
  private final class IntoIndex implements PodStream.Changes {
    private final ResponseBody body;

    IntoIndex(ResponseBody body) {
      this.body = body;
    }

    @Override
    public void bookmarked() {
      body.patience(timing.silence());
    }

    @Override
    public void put(PodFacts pod) {
      index.put(pod);
      book.told();
    }

    @Override
    public void delete(PodFacts pod) {
      // Its last status may name a container that no status before did
      index.put(pod);
      index.delete(pod.uid());
      book.told();
    }

    @Override
    public void reached(String resourceVersion) {
      version = resourceVersion;
      notOlderThan = resourceVersion;
    }
  }

  /** Counts and last error of a watch. Thread-safe. */
  static final class WatchStats {

    private final Clock clock;
    private State state = State.CONNECTING;
    private Instant since;
    private @Nullable String lastError;
    private @Nullable Instant lastErrorAt;
    private long lists;
    private long watches;
    private long events;
    private long failures;

    WatchStats(Clock clock) {
      this.clock = clock;
      this.since = clock.instant();
    }

    /** Notes the state; whether it is another than before. */
    synchronized boolean state(State now) {
      if (now == state) {
        return false;
      }
      state = now;
      since = clock.instant();
      return true;
    }

    synchronized void failed(String error) {
      failures++;
      lastError = error;
      lastErrorAt = clock.instant();
    }

    synchronized void listed() {
      lists++;
    }

    synchronized void watching() {
      watches++;
    }

    synchronized void told() {
      events++;
    }

    synchronized PodWatchStatus status(String server, Map<SkipReason, Long> skipped) {
      return new PodWatchStatus(
          state, since, server, lastError, lastErrorAt, lists, watches, events, failures, skipped);
    }

    /** Why what was sent could not be read; null when nothing was wrong with it but its end. */
    static @Nullable SkipReason reasonOf(Exception failure) {
      return switch (failure) {
        case ResponseBody.TooLargeException _ -> SkipReason.OBJECT_TOO_LARGE;
        case PodStream.MalformedException _ -> SkipReason.MALFORMED;
        default -> null;
      };
    }
  }

  /**
   * State of the watch of this node's pods. Immutable.
   *
   * @param state what it is doing
   * @param since since when
   * @param server the API server's address
   * @param lastError what failed last, also when all is well again; null when nothing ever did
   * @param lastErrorAt when that was; null when nothing ever did
   * @param lists complete lists that were read
   * @param watches watches that were begun
   * @param events pods that watches told of
   * @param failures lists and watches that failed
   * @param skipped what the server sent and was not used, by reason; every reason is there
   */
  public record PodWatchStatus(
      State state,
      Instant since,
      String server,
      @Nullable String lastError,
      @Nullable Instant lastErrorAt,
      long lists,
      long watches,
      long events,
      long failures,
      Map<SkipReason, Long> skipped) {

    /** Activity of the watch; a closed set, used as a label. */
    public enum State {
      /** The first list is being read. */
      CONNECTING("connecting"),
      /** The list is complete and kept. */
      SYNCED("synced"),
      /** The server cannot be reached or does not answer as it should; it is tried again. */
      UNAVAILABLE("unavailable"),
      /** The server does not know the agent: 401. */
      UNAUTHORIZED("unauthorized"),
      /** The agent may not list pods: 403. */
      FORBIDDEN("forbidden"),
      /** The agent has been told to stop. */
      STOPPED("stopped");

      private final String label;

      State(String label) {
        this.label = label;
      }

      /** The name that users see. */
      public String label() {
        return label;
      }
    }

    /** Copies the counts. */
    public PodWatchStatus {
      skipped = Map.copyOf(skipped);
    }
  }
}
