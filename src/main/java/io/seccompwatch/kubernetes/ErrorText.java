package io.seccompwatch.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Finds the words in an answer that is an error: the {@code message} of a {@code Status}. */
final class ErrorText {

  private static final int MAX_MESSAGE = 300;

  private ErrorText() {}

  /** The message, bounded; empty when there is none to be had. */
  static String of(InputStream body) {
    @Nullable String[] message = new @Nullable String[1];
    try (JsonWalk json = new JsonWalk(body)) {
      if (json.next()) {
        json.fields(
            field -> {
              if (field.equals("message")) {
                message[0] = json.text();
              } else {
                json.skip();
              }
            });
      }
    } catch (IOException e) {
      // A proxy's page, say: the HTTP status tells enough
    }
    String text = message[0];
    if (text == null) {
      return "";
    }
    return text.length() > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) + "…" : text;
  }
}
