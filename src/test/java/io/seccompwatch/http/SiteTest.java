package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.http.RequestReader.HttpRequest;
import io.seccompwatch.http.ReviewCache.Verdict;
import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.Site.ResponseBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may read what. */
class SiteTest {

  private static final Map<String, Page> PAGES =
      Map.of(
          "/", page(),
          "/livez", page(),
          "/readyz", page(),
          "/metrics", page(),
          "/api/v1/status", page(),
          "/api/v1/violations", page());

  private final RefusedRequests denials = new RefusedRequests();
  private final List<String> reviewed = new ArrayList<>();

  private static Page page() {
    return request -> Response.text(200, "ok\n");
  }

  private static HttpRequest asked(
      String method,
      String path,
      String peer,
      @Nullable String host,
      @Nullable String authorization) {
    return new HttpRequest(
        method, URI.create(path), InetAddress.ofLiteral(peer), host, null, authorization, null);
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v1/status,     127.0.0.1,         200",
    "/api/v1/violations, 127.0.0.1,         200",
    "/api/v1/status,     127.8.9.10,        200",
    "/api/v1/status,     ::1,               200",
    "/api/v1/status,     ::ffff:127.0.0.1,  200",
    "/api/v1/status,     ::ffff:10.0.0.1,   403",
    "/api/v1/status,     10.0.0.1,          403",
    "/api/v1/violations, 10.0.0.1,          403",
    "/api/v1/status,     fe80::1,           403",
    "/api/v1/status,     fd00::127.0.0.1,   403",
    "/api/v1/status,     0.0.0.0,           403",
    "/metrics,           10.0.0.1,          200",
    "/livez,             10.0.0.1,          200",
    "/readyz,            10.0.0.1,          200",
    "/,                  10.0.0.1,          200",
  })
  void without_authorization_the_api_is_for_loopback(String path, String peer, int status) {
    Site site = Site.local(PAGES, "0.0.0.0", denials);
    for (String method : List.of("GET", "HEAD")) {
      Response response = answer(site, asked(method, path, peer, "localhost", null));
      assertThat(response.status()).isEqualTo(status);
      if (status == 403) {
        assertThat(text(response))
            .isEqualTo(
                "the query API answers over loopback only: use kubectl port-forward, or set"
                    + " --authorization kubernetes\n");
      }
    }
    assertThat(denials.byReason()).containsEntry("not_loopback", status == 403 ? 2L : 0L);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "none,                   200",
        "localhost,              200",
        "LOCALHOST:9326,         200",
        "127.0.0.1:8080,         200",
        "127.1.2.3,              200",
        "[::1],                  200",
        "[::1]:9326,             200",
        "::1,                    200",
        "n1.example:9326,        200",
        "0.0.0.0:9326,           403",
        "10.0.0.1:9326,          403",
        "rebound.example:9326,   403",
        "localhost.evil.example, 403",
        "127.0.0.1.evil.example, 403",
        "[::1].evil.example,     403",
        "'',                     403",
        ":9326,                  403",
        "[,                      403",
      })
  void over_loopback_the_api_has_its_own_names_only(@Nullable String host, int status) {
    Site site = Site.local(PAGES, "n1.example", denials);
    assertThat(answer(site, asked("GET", "/api/v1/status", "127.0.0.1", host, null)).status())
        .isEqualTo(status);
    assertThat(denials.byReason()).containsEntry("foreign_host", status == 403 ? 1L : 0L);
    assertThat(answer(site, asked("GET", "/metrics", "127.0.0.1", host, null)).status())
        .as("what everybody may read")
        .isEqualTo(200);
  }

  /** The authority of a target in absolute form stands above the Host: neither may be foreign. */
  @ParameterizedTest
  @CsvSource({
    "http://localhost/api/v1/status,                  localhost,    200",
    "HTTP://127.0.0.1:9326/api/v1/status,             localhost,    200",
    "https://[::1]:9326/api/v1/status,                localhost,    200",
    "http://evil.example/api/v1/status,               localhost,    403",
    "http://evil.example:9326/api/v1/status,          localhost,    403",
    "http://localhost@evil.example/api/v1/status,     localhost,    403",
    "http://evil.example@localhost/api/v1/status,     localhost,    403",
    "http://evil_1.example/api/v1/status,             localhost,    403",
    "http://localhost/api/v1/status,                  evil.example, 403",
  })
  void a_target_in_absolute_form_does_not_pass_the_guard_of_names(
      String target, String host, int status) {
    Site site = Site.local(PAGES, "n1.example", denials);
    assertThat(answer(site, asked("GET", target, "127.0.0.1", host, null)).status())
        .isEqualTo(status);
    assertThat(denials.byReason()).containsEntry("foreign_host", status == 403 ? 1L : 0L);
  }

  private Site authorized() {
    return Site.authorized(
        PAGES,
        new ReviewCache(
            (token, path) -> {
              reviewed.add(token + " " + path);
              return switch (token) {
                case "good" -> Verdict.ALLOWED;
                case "poor" -> Verdict.FORBIDDEN;
                case "lost" -> Verdict.UNAVAILABLE;
                default -> Verdict.UNKNOWN_TOKEN;
              };
            },
            () -> 0),
        denials);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "none,          401, no_token,        Bearer",
        "Bearer good,   200, none,            none",
        "bearer  good,  200, none,            none",
        "Bearer poor,   403, forbidden,       none",
        "Bearer lost,   503, api_unavailable, none",
        "Bearer bad,    401, bad_token,       'Bearer error=\"invalid_token\"'",
        "Bearer,        401, bad_token,       'Bearer error=\"invalid_token\"'",
        "Bearer a b,    401, bad_token,       'Bearer error=\"invalid_token\"'",
        "Bearer b\u00e4d, 401, bad_token,     'Bearer error=\"invalid_token\"'",
        "Basic good,    401, bad_token,       'Bearer error=\"invalid_token\"'",
        "good,          401, bad_token,       'Bearer error=\"invalid_token\"'",
        "'',            401, bad_token,       'Bearer error=\"invalid_token\"'",
      })
  void with_authorization_a_token_is_asked_for(
      @Nullable String header, int status, @Nullable String reason, @Nullable String challenge) {
    Site site = authorized();
    List<String> guarded = List.of("/metrics", "/api/v1/status", "/api/v1/violations");
    for (String path : guarded) {
      for (String method : List.of("GET", "HEAD")) {
        Response response = answer(site, asked(method, path, "127.0.0.1", "evil.example", header));
        assertThat(response.status()).as(method + " " + path).isEqualTo(status);
        assertThat(response.headers().get("WWW-Authenticate")).isEqualTo(challenge);
        assertThat(text(response)).hasLineCount(1).doesNotContain("poor", "bad_");
      }
    }
    denials
        .byReason()
        .forEach(
            (each, count) -> assertThat(count).as(each).isEqualTo(each.equals(reason) ? 6 : 0));
  }

  @Test
  void health_and_the_front_page_are_open_and_nobody_is_asked() {
    for (String path : List.of("/livez", "/readyz", "/", "/nothing")) {
      Response response = answer(authorized(), asked("GET", path, "10.0.0.1", "x", "Bearer bad"));
      assertThat(response.status()).as(path).isEqualTo(path.equals("/nothing") ? 404 : 200);
    }
    assertThat(reviewed).isEmpty();
  }

  @Test
  void a_right_is_asked_for_by_the_path_as_it_is_served() {
    answer(authorized(), asked("GET", "/%6Detrics?x=/livez", "10.0.0.1", "x", "Bearer good"));
    assertThat(reviewed).containsExactly("good /metrics");
  }

  /** Every account of a cluster may get /api/*. */
  @Test
  void the_right_to_the_api_is_not_that_to_the_api_servers_own() {
    answer(authorized(), asked("GET", "/api/v1/status", "10.0.0.1", "x", "Bearer good"));
    assertThat(reviewed).containsExactly("good /seccomp-watch/api/v1/status");
  }

  @Test
  void what_tells_of_workloads_has_a_bound_in_all_and_health_has_none() throws IOException {
    Page large = request -> new Response(200, "text/plain", new byte[ResponseBudget.BYTES / 2 + 1]);
    Map<String, Page> pages = Map.of("/metrics", large, "/api/v1/status", large, "/livez", page());
    Site site = Site.local(pages, "0.0.0.0", denials);
    site.answer(
        asked("GET", "/metrics", "10.0.0.1", null, null),
        first -> {
          assertThat(first.status()).isEqualTo(200);
          for (String path : List.of("/metrics", "/api/v1/status")) {
            Response second = answer(site, asked("GET", path, "127.0.0.1", null, null));
            assertThat(second.status()).isEqualTo(503);
            assertThat(second.headers()).containsEntry("Retry-After", "5");
          }
          assertThat(answer(site, asked("GET", "/livez", "10.0.0.1", null, null)).status())
              .isEqualTo(200);
        });
    assertThat(denials.byReason()).containsEntry("too_many_answers", 2L);
    assertThat(answer(site, asked("GET", "/metrics", "10.0.0.1", null, null)).status())
        .isEqualTo(200);
  }

  @Test
  void a_token_that_is_longer_than_any_is_not_asked_about() {
    String header = "Bearer " + "a".repeat(8 * 1_024);
    assertThat(answer(authorized(), asked("GET", "/metrics", "::1", "x", header)).status())
        .isEqualTo(401);
    assertThat(reviewed).isEmpty();
  }

  @Test
  void every_reason_is_there_before_anybody_was_refused() {
    assertThat(denials.byReason().keySet())
        .containsExactly(
            "no_token",
            "bad_token",
            "forbidden",
            "api_unavailable",
            "too_many_reviews",
            "too_many_answers",
            "not_loopback",
            "foreign_host");
  }

  private static Response answer(Site site, HttpRequest asked) {
    List<Response> written = new ArrayList<>();
    try {
      site.answer(asked, written::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThat(written).hasSize(1);
    return written.getFirst();
  }

  private static String text(Response response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }
}
