package io.seccompwatch.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer as a stream. The next bytes are asked for when the last ones were read, so
 * that a body of any length is held in a few buffers only. Filled by the client's threads, read by
 * one.
 */
final class ResponseBody extends InputStream {

  /** More came for one object than {@link #allow} allowed. */
  static final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLargeException(long bytes) {
      super("an object of more than " + bytes + " bytes");
    }
  }

  /** What the client's threads report: bytes, or the end with what went wrong, if anything did. */
  private sealed interface Part {
    record Bytes(List<ByteBuffer> buffers) implements Part {}

    record End(@Nullable Throwable failure) implements Part {}
  }

  private final BlockingQueue<Part> parts = new LinkedBlockingQueue<>();
  private final Queue<ByteBuffer> buffers = new ArrayDeque<>();
  private Duration patience;
  private final Duration whole;
  private long deadline;
  private @Nullable AsyncBody source;
  private Part.@Nullable End end;
  private long allowed = Long.MAX_VALUE;
  private long allowance;

  /**
   * A body that is still to come.
   *
   * @param patience how long to wait for the next bytes at most
   * @param whole how long to wait for its end at most from its begin on, however it drips
   */
  ResponseBody(Duration patience, Duration whole) {
    this.patience = patience;
    this.whole = whole;
  }

  /** Waits for the next bytes no longer than this from here on. By the reader. */
  void patience(Duration shorter) {
    patience = shorter.compareTo(patience) < 0 ? shorter : patience;
  }

  /** Waits for the end no longer than this from now on. By the reader. */
  void within(Duration time) {
    long now = System.nanoTime();
    deadline = now + Math.min(deadline - now, time.toNanos());
  }

  /** Takes bytes from the client. */
  void received(List<ByteBuffer> bytes) {
    parts.add(new Part.Bytes(bytes));
  }

  /** Begins to read from the client. */
  void from(AsyncBody body) {
    source = body;
    deadline = System.nanoTime() + whole.toNanos();
    CompletableFuture<Void> _ =
        body.done().whenComplete((nothing, failure) -> parts.add(new Part.End(failure)));
    body.consume();
  }

  /** Allows so many bytes from here on. */
  void allow(long bytes) {
    allowance = bytes;
    allowed = bytes;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    ByteBuffer buffer = next();
    if (buffer == null) {
      return -1;
    }
    int count = Math.min(length, buffer.remaining());
    allowed -= count;
    if (allowed < 0) {
      throw new TooLargeException(allowance);
    }
    buffer.get(into, offset, count);
    return count;
  }

  /** The buffer to read from, with something in it; null at the end. */
  private @Nullable ByteBuffer next() throws IOException {
    while (true) {
      ByteBuffer first = buffers.peek();
      if (first != null && first.hasRemaining()) {
        return first;
      }
      if (first != null) {
        buffers.remove();
        if (buffers.isEmpty() && source != null) {
          source.consume();
        }
      } else if (end != null) {
        return ended(end);
      } else {
        take();
      }
    }
  }

  private void take() throws IOException {
    Part part;
    long left = deadline - System.nanoTime();
    boolean hurried = left < patience.toNanos();
    try {
      part =
          left <= 0 ? null : parts.poll(Math.min(left, patience.toNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading");
    }
    switch (part) {
      case null ->
          throw new SocketTimeoutException(
              hurried
                  ? "the answer did not end in time"
                  : "no data for " + patience.toSeconds() + " s");
      case Part.Bytes bytes -> {
        buffers.addAll(bytes.buffers());
        if (bytes.buffers().isEmpty() && source != null) {
          source.consume();
        }
      }
      case Part.End last -> end = last;
    }
  }

  private static @Nullable ByteBuffer ended(Part.End end) throws IOException {
    Throwable failure = end.failure();
    if (failure != null) {
      throw new IOException(ApiConnection.text(failure), failure);
    }
    return null;
  }

  /** Whether everything was read that will ever come. */
  boolean ended() {
    return end != null && buffers.isEmpty();
  }

  /** Lets go of the connection; what has not been read is not sent any more. */
  @Override
  public void close() {
    if (source != null) {
      source.cancel();
    }
  }
}
