package io.seccompwatch.http;

import io.seccompwatch.http.RequestReader.HttpRequest;
import io.seccompwatch.http.Site.Access;
import io.seccompwatch.http.Site.RefusedRequests;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whoever reads metrics or the query API shows a bearer token that may: health and the front page,
 * which say nothing of workloads, are open.
 */
record TokenAccess(ReviewCache reviews, RefusedRequests denials) implements Access {

  private static final String SCHEME = "bearer ";
  private static final int MAX_TOKEN = 8 * 1_024;

  /**
   * Before the paths of the query API: the role {@code system:discovery} lets every account get
   * {@code /api/*} of the API server, and would so let it get this API.
   */
  private static final String API_PREFIX = "/seccomp-watch";

  @Override
  public @Nullable Response refuse(String path, HttpRequest asked) {
    if (!Site.isTelling(path)) {
      return null;
    }
    String header = asked.authorization();
    if (header == null) {
      return unauthenticated(RefusedRequests.Reason.NO_TOKEN, "give a bearer token\n", "Bearer");
    }
    String token = token(header);
    if (token == null) {
      return bad();
    }
    String right = Site.isApi(path) ? API_PREFIX + path : path;
    return switch (reviews.verdict(token, right, asked.peer())) {
      case ALLOWED -> null;
      case UNKNOWN_TOKEN -> bad();
      case FORBIDDEN -> {
        denials.count(RefusedRequests.Reason.FORBIDDEN);
        yield Response.text(
            403,
            "this account may not get the nonResourceURL " + right + ": give it a role with it\n");
      }
      case UNAVAILABLE -> {
        denials.count(RefusedRequests.Reason.API_UNAVAILABLE);
        yield later("the API server could not be asked about this token; see the agent's log\n");
      }
      case BUSY -> {
        denials.count(RefusedRequests.Reason.TOO_MANY_REVIEWS);
        yield later("too many tokens are being asked about\n");
      }
    };
  }

  private Response bad() {
    return unauthenticated(
        RefusedRequests.Reason.BAD_TOKEN,
        "the API server does not take this token\n",
        "Bearer error=\"invalid_token\"");
  }

  private Response unauthenticated(RefusedRequests.Reason reason, String text, String challenge) {
    denials.count(reason);
    return Response.text(401, text).with("WWW-Authenticate", challenge);
  }

  private static Response later(String text) {
    return Response.text(503, text).with("Retry-After", "5");
  }

  /** The token; null when this is no header of the scheme, or holds what no token can be. */
  private static @Nullable String token(String header) {
    if (header.length() > MAX_TOKEN || !header.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      return null;
    }
    String token = header.substring(SCHEME.length()).strip();
    boolean plain = token.chars().allMatch(c -> c > ' ' && c <= '~');
    return plain && !token.isEmpty() ? token : null;
  }
}
