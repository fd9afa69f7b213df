package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the API server says of a request that it has not done: a {@code Status} of the API machinery
 * ({@code metav1.Status}). Immutable.
 *
 * @param isStatus whether the body was one; a proxy says what it likes
 * @param reason a word from a closed set, {@code AlreadyExists} say; null when there is none
 * @param message for people; null when there is none
 * @param causes the reasons of the causes
 */
record ApiStatus(
    boolean isStatus, @Nullable String reason, @Nullable String message, List<String> causes) {

  private static final int MAX_CAUSES = 16;

  ApiStatus {
    causes = List.copyOf(causes);
  }

  /** Reads a body; of one that is cut or is no JSON, what could be read. */
  static ApiStatus read(JsonFactory json, String body) {
    String kind = null;
    String reason = null;
    String message = null;
    List<String> causes = new ArrayList<>();
    try (JsonParser parser = json.createParser(body)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.VALUE_STRING) {
          String path = parser.getParsingContext().pathAsPointer().toString();
          switch (path) {
            case "/kind" -> kind = parser.getText();
            case "/reason" -> reason = parser.getText();
            case "/message" -> message = parser.getText();
            default -> {
              boolean cause = path.startsWith("/details/causes/") && path.endsWith("/reason");
              if (cause && causes.size() < MAX_CAUSES) {
                causes.add(parser.getText());
              }
            }
          }
        }
      }
    } catch (IOException e) {
      // No JSON, or cut off: what was read before it is all that is known
      return new ApiStatus("Status".equals(kind), reason, message, causes);
    }
    return new ApiStatus("Status".equals(kind), reason, message, causes);
  }

  /** Whether a cause has this reason. */
  boolean hasCause(String cause) {
    return causes.contains(cause);
  }

  /** Finds the words in an answer that is an error: the {@code message} of a {@code Status}. */
  static final class ErrorText {

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
}
