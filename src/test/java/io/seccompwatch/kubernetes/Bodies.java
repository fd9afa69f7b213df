package io.seccompwatch.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Bodies of answers that have arrived already. */
final class Bodies {

  private Bodies() {}

  static ResponseBody of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8), 16_384);
  }

  /** The text, and then one letter for ever. */
  static ResponseBody endless(String begin) {
    ResponseBody body = new ResponseBody(Duration.ofMinutes(5), Duration.ofMinutes(5));
    byte[] letters = "x".repeat(16_384).getBytes(StandardCharsets.UTF_8);
    body.received(List.of(ByteBuffer.wrap(begin.getBytes(StandardCharsets.UTF_8))));
    body.from(
        new AsyncBody() {
          private final CompletableFuture<Void> done = new CompletableFuture<>();

          @Override
          public void consume() {
            body.received(List.of(ByteBuffer.wrap(letters)));
          }

          @Override
          public CompletableFuture<Void> done() {
            return done;
          }

          @Override
          public void cancel() {
            done.cancel(false);
          }
        });
    return body;
  }

  /** The bytes in pieces, each given only when it is asked for. */
  static ResponseBody of(byte[] bytes, int piece) {
    ResponseBody body = new ResponseBody(Duration.ofMinutes(5), Duration.ofMinutes(5));
    body.from(
        new AsyncBody() {
          private final CompletableFuture<Void> done = new CompletableFuture<>();
          private int at;

          @Override
          public void consume() {
            if (at == bytes.length) {
              done.complete(null);
              return;
            }
            int length = Math.min(piece, bytes.length - at);
            body.received(List.of(ByteBuffer.wrap(bytes, at, length)));
            at += length;
          }

          @Override
          public CompletableFuture<Void> done() {
            return done;
          }

          @Override
          public void cancel() {
            done.cancel(false);
          }
        });
    return body;
  }
}
