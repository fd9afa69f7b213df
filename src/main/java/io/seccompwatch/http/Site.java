package io.seccompwatch.http;

import java.io.IOException;
import java.util.Map;
import java.util.Objects;
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
}
