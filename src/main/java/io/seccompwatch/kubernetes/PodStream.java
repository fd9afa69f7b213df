package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.kubernetes.PodReader.PodDraft;
import java.io.CharConversionException;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads lists of pods and watches, object by object as they come. The formats are those of the
 * Kubernetes API: {@code PodList} and, for a watch, one {@code WatchEvent} after the other. For one
 * thread.
 */
final class PodStream {

  /**
   * Bytes of one object. The API server takes requests of 3 MiB at most ({@code
   * MaxRequestBodyBytes} in its {@code pkg/server/config.go}), and Go's encoder makes six bytes of
   * some: {@code \\u003c}. What is longer is no pod. Being long costs nothing but time: what is not
   * needed is passed over as it comes.
   */
  static final long MAX_OBJECT = 32L << 20;

  /** Pods of a page that are kept; an index takes fewer, and says so. */
  static final int MAX_PODS = 5_000;

  /**
   * Pods of a page.
   *
   * @param resourceVersion where a watch goes on from
   * @param next the token of the next page; null on the last one
   */
  record Page(List<PodFacts> pods, String resourceVersion, @Nullable String next) {}

  /** Takes what a watch tells, in its order. */
  interface Changes {
    /** A pod as it is now. */
    void put(PodFacts pod);

    /** A pod is gone; its last state. */
    void delete(PodFacts pod);

    /** Everything up to here has been told. */
    void reached(String resourceVersion);

    /** The server has said that there is nothing new, as it goes on to do about each minute. */
    default void bookmarked() {}
  }

  /** The watch told that it cannot go on: HTTP status and message of the {@code Status}. */
  static final class WatchErrorException extends IOException {
    private static final long serialVersionUID = 1L;
    private final int code;

    WatchErrorException(int code, @Nullable String message) {
      super("the watch ended with " + code + (message == null ? "" : ": " + bounded(message)));
      this.code = code;
    }

    int code() {
      return code;
    }

    private static String bounded(String message) {
      return message.length() > 200 ? message.substring(0, 200) + "…" : message;
    }
  }

  private final String node;
  private final SkipCounts skips;

  PodStream(String node, SkipCounts skips) {
    this.node = node;
    this.skips = skips;
  }

  /**
   * Reads a list.
   *
   * @throws IOException when it does not come whole, or is none
   */
  Page list(ResponseBody body) throws IOException {
    List<PodFacts> pods = new ArrayList<>();
    @Nullable String[] meta = new @Nullable String[2];
    boolean[] items = {false};
    body.allow(MAX_OBJECT);
    try (JsonWalk json = new JsonWalk(body)) {
      PodReader reader = new PodReader(json, skips);
      if (json.next()) {
        json.fields(
            field -> {
              switch (field) {
                case "metadata" -> metadata(json, meta);
                case "items" -> {
                  items[0] = true;
                  json.items(
                      () -> {
                        body.allow(MAX_OBJECT);
                        PodFacts pod = usable(reader.read());
                        if (pod != null && pods.size() < MAX_PODS) {
                          pods.add(pod);
                        }
                      });
                }
                default -> json.skip();
              }
            });
      }
    } catch (JsonProcessingException | CharConversionException e) {
      throw unreadable(body, e);
    }
    if (!items[0] || meta[0] == null) {
      throw new MalformedException("not a list of pods: no items or no resourceVersion");
    }
    return new Page(pods, meta[0], meta[1]);
  }

  private static void metadata(JsonWalk json, @Nullable String[] meta) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "resourceVersion" -> meta[0] = notEmpty(json.text());
            case "continue" -> meta[1] = notEmpty(json.text());
            default -> json.skip();
          }
        });
  }

  /**
   * Reads a watch to its end.
   *
   * @throws WatchErrorException when the server says that it cannot go on
   * @throws IOException when it breaks
   */
  void watch(ResponseBody body, Changes changes) throws IOException {
    try (JsonWalk json = new JsonWalk(body)) {
      PodReader reader = new PodReader(json, skips);
      body.allow(MAX_OBJECT);
      while (json.next()) {
        if (!json.atObject()) {
          throw new MalformedException("not a watch event");
        }
        event(json, reader, changes);
        body.allow(MAX_OBJECT);
      }
    } catch (JsonProcessingException | CharConversionException e) {
      throw unreadable(body, e);
    }
  }

  /** What broke off says nothing against what would have come. */
  private static IOException unreadable(ResponseBody body, IOException e) {
    String why = e instanceof JsonProcessingException j ? j.getOriginalMessage() : e.getMessage();
    IOException unreadable =
        body.ended()
            ? new EOFException("the answer broke off")
            : new MalformedException("not JSON: " + why);
    unreadable.initCause(e);
    return unreadable;
  }

  private void event(JsonWalk json, PodReader reader, Changes changes) throws IOException {
    @Nullable String[] type = new @Nullable String[1];
    boolean[] object = {false};
    json.fields(
        field -> {
          switch (field) {
            case "type" -> type[0] = json.text();
            case "object" -> {
              object[0] = true;
              object(type[0], json, reader, changes);
            }
            default -> json.skip();
          }
        });
    if (!object[0]) {
      throw new MalformedException("a watch event without an object");
    }
  }

  private void object(@Nullable String type, JsonWalk json, PodReader reader, Changes changes)
      throws IOException {
    switch (type) {
      case null -> throw new MalformedException("a watch event without a type before its object");
      case "ERROR" -> throw error(json);
      case "ADDED", "MODIFIED", "DELETED", "BOOKMARK" -> {
        PodDraft draft = reader.read();
        PodFacts pod = type.equals("BOOKMARK") ? null : usable(draft);
        if (pod != null && type.equals("DELETED")) {
          changes.delete(pod);
        } else if (pod != null) {
          changes.put(pod);
        }
        if (draft.resourceVersion != null) {
          changes.reached(draft.resourceVersion);
        }
        if (type.equals("BOOKMARK")) {
          changes.bookmarked();
        }
      }
      default -> {
        skips.count(SkipReason.UNKNOWN_EVENT);
        json.skip();
      }
    }
  }

  private static WatchErrorException error(JsonWalk json) throws IOException {
    int[] code = {0};
    @Nullable String[] message = new @Nullable String[1];
    json.fields(
        field -> {
          switch (field) {
            case "code" -> code[0] = json.number();
            case "message" -> message[0] = json.text();
            default -> json.skip();
          }
        });
    return new WatchErrorException(code[0], message[0]);
  }

  private @Nullable PodFacts usable(PodDraft draft) {
    PodFacts pod = draft.facts();
    if (pod == null) {
      skips.count(SkipReason.POD_INVALID);
      return null;
    }
    if (!node.equals(draft.nodeName)) {
      skips.count(SkipReason.POD_OF_OTHER_NODE);
      return null;
    }
    return pod;
  }

  private static @Nullable String notEmpty(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }

  /** JSON, but not what the API describes. */
  static final class MalformedException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }
}
