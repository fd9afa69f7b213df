package io.seccompwatch.posture;

import io.seccompwatch.attribution.RuntimeNames;
import io.seccompwatch.posture.HostFiles.Found;
import io.seccompwatch.profile.OciConfig;
import io.seccompwatch.profile.OciConfig.Identity;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Names of containers by the OCI configurations in their runtime's bundles. Each is read once, on a
 * thread of its own, and remembered for {@value #MAX_CONTAINERS} containers; one that could not be
 * read is tried again after {@value #AGAIN_MILLIS} ms. Thread-safe.
 */
public final class BundleNames implements RuntimeNames, AutoCloseable {

  /** Most containers that are remembered; the one that was asked for longest ago is forgotten. */
  static final int MAX_CONTAINERS = 1_024;

  /** Most containers that wait to be read; what is beyond is unknown until it is asked again. */
  private static final int MAX_WAITING = 256;

  private static final long AGAIN_MILLIS = 5_000;

  private static final RuntimeName PENDING = new RuntimeName.Pending();
  private static final RuntimeName UNKNOWN = new RuntimeName.Unknown();

  private final HostFiles files;
  private final LongSupplier millis;
  private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread = new Thread(this::run, "container-names");
  private final AtomicLong version = new AtomicLong();

  private final Map<String, Remembered> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Remembered> eldest) {
          return size() > MAX_CONTAINERS;
        }
      };

  /** An answer, and until when it holds by the clock. */
  private record Remembered(RuntimeName answer, long until) {}

  /**
   * Names from bundles; {@link #start} begins to read.
   *
   * @param hostRoot the node's root directory, or one that holds the mounted parts of it
   * @param millis a clock that only goes forward
   */
  public BundleNames(Path hostRoot, LongSupplier millis) {
    this.files = new HostFiles(hostRoot);
    this.millis = millis;
    thread.setDaemon(true);
  }

  /** Begins to read what is asked for. */
  public void start() {
    thread.start();
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  @Override
  public RuntimeName of(String containerId) {
    int scheme = containerId.indexOf("://");
    String id = scheme < 0 ? containerId : containerId.substring(scheme + 3);
    synchronized (known) {
      Remembered before = known.get(id);
      if (before != null && millis.getAsLong() < before.until()) {
        return before.answer();
      }
      if (!waiting.offer(id)) {
        return UNKNOWN;
      }
      known.put(id, new Remembered(PENDING, Long.MAX_VALUE));
      return PENDING;
    }
  }

  @Override
  public long version() {
    return version.get();
  }

  private void run() {
    try {
      while (true) {
        read(waiting.take());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reads the next container that was asked for, if there is one. */
  boolean readNext() {
    String id = waiting.poll();
    if (id != null) {
      read(id);
    }
    return id != null;
  }

  private void read(String id) {
    RuntimeName answer = UNKNOWN;
    try {
      if (files.config(id, files.bundleDirectories())
          instanceof Found.Read<OciConfig>(OciConfig config)) {
        answer = named(config.identity());
      }
    } catch (RuntimeException | StackOverflowError e) {
      answer = UNKNOWN; // a file that the reader fails at must not end the thread for all others
    } finally { // whatever happened: an answer that never comes would be waited for
      long until =
          answer instanceof RuntimeName.Given ? Long.MAX_VALUE : millis.getAsLong() + AGAIN_MILLIS;
      synchronized (known) {
        known.put(id, new Remembered(answer, until));
      }
      version.incrementAndGet();
    }
  }

  private static RuntimeName named(Identity identity) {
    String namespace = identity.namespace();
    String pod = identity.pod();
    return namespace == null || pod == null
        ? UNKNOWN
        : new RuntimeName.Given(
            namespace, pod, identity.sandbox() ? null : identity.container(), identity.podUid());
  }
}
