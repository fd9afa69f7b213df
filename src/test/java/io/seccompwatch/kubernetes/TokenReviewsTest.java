package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.kubernetes.TokenReviews.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenReviewsTest {

  private static final String SCRAPER =
      """
      {"kind":"TokenReview","spec":{"token":"t0ken"},"status":{"authenticated":true,"user":{
       "username":"system:serviceaccount:monitoring:prometheus","uid":"u-1",
       "groups":["system:serviceaccounts","system:authenticated"],
       "extra":{"authentication.kubernetes.io/pod-name":["p-0"],"x":["a","b"]}},"audiences":["api"]}}
      """;
  private static final String ALLOWED = "{\"status\":{\"allowed\":true}}";

  private final List<String> asked = new ArrayList<>();

  /** An API server that gives one answer to the first question and another to the second. */
  private TokenReviews answering(int first, String who, int second, String may) {
    return new TokenReviews(
        (method, path, type, sent, timeout) -> {
          asked.add(method + " " + path + " " + new String(sent, StandardCharsets.UTF_8));
          boolean token = path.endsWith("/tokenreviews");
          return new ApiServer.Answer(token ? first : second, null, token ? who : may);
        });
  }

  @Test
  void asks_who_the_token_belongs_to_and_whether_they_may_with_all_that_is_known_of_them()
      throws Exception {
    TokenReviews reviews = answering(201, SCRAPER, 201, ALLOWED);
    assertThat(reviews.mayGet("t0ken", "/metrics")).isEqualTo(Answer.ALLOWED);
    assertThat(reviews.problem()).isNull();
    assertThat(asked)
        .containsExactly(
            "POST /apis/authentication.k8s.io/v1/tokenreviews"
                + " {\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\","
                + "\"spec\":{\"token\":\"t0ken\"}}",
            "POST /apis/authorization.k8s.io/v1/subjectaccessreviews"
                + " {\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\","
                + "\"spec\":{\"user\":\"system:serviceaccount:monitoring:prometheus\","
                + "\"uid\":\"u-1\","
                + "\"groups\":[\"system:serviceaccounts\",\"system:authenticated\"],"
                + "\"extra\":{\"authentication.kubernetes.io/pod-name\":[\"p-0\"],"
                + "\"x\":[\"a\",\"b\"]},"
                + "\"nonResourceAttributes\":{\"path\":\"/metrics\",\"verb\":\"get\"}}}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"status":{"authenticated":false,"error":"expired"}}        | UNKNOWN_TOKEN
          {"status":{}}                                               | UNKNOWN_TOKEN
          {"status":{"user":{"username":"root"}}}                     | UNKNOWN_TOKEN
          {"status":{"authenticated":"true","user":{"username":"a"}}} | UNKNOWN_TOKEN
          {"status":{"authenticated":true,"user":{"username":""}}}    | UNKNOWN_TOKEN
          {"status":{"authenticated":true}}                           | UNKNOWN_TOKEN
          {"spec":{"authenticated":true,"user":{"username":"root"}}}  | NONE
          {"status":{"authenticated":true,"user":{"usern              | NONE
          <html>                                                      | NONE
          ''                                                          | NONE
          """)
  void who_is_not_known_beyond_doubt_is_not_let_in(String who, Answer answer) throws Exception {
    assertThat(answering(201, who, 201, ALLOWED).mayGet("t", "/metrics")).isEqualTo(answer);
    assertThat(asked).as("no second question").hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"status":{"allowed":true}}                                         | ALLOWED
          {"status":{"allowed":false,"reason":"no role"}}                     | FORBIDDEN
          {"status":{"allowed":false,"evaluationError":"a role is not there"}} | FORBIDDEN
          {"status":{"allowed":true,"denied":true}}                           | FORBIDDEN
          {"status":{}}                                                       | FORBIDDEN
          {"spec":{"allowed":true},"status":{"allowed":false}}                | FORBIDDEN
          {"spec":{"allowed":true}}                                           | NONE
          {"status":{"allowed":tr                                             | NONE
          """)
  void who_may_not_beyond_doubt_is_not_let_in(String may, Answer answer) throws Exception {
    assertThat(answering(201, SCRAPER, 201, may).mayGet("t", "/metrics")).isEqualTo(answer);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          403 | 201 | TokenReview: HTTP 403: not yours
          401 | 201 | TokenReview: HTTP 401: not yours
          500 | 201 | TokenReview: HTTP 500: not yours
          429 | 201 | TokenReview: HTTP 429: not yours
          201 | 403 | SubjectAccessReview: HTTP 403: not yours
          """)
  void a_server_that_does_not_answer_lets_nobody_in_and_is_a_problem(
      int first, int second, String problem) throws Exception {
    String refused = "{\"kind\":\"Status\",\"message\":\"not yours\"}";
    TokenReviews reviews =
        answering(
            first, first == 201 ? SCRAPER : refused, second, second == 201 ? ALLOWED : refused);
    assertThat(reviews.mayGet("t", "/metrics")).isEqualTo(Answer.NONE);
    assertThat(reviews.problem()).isEqualTo(problem);
  }

  @Test
  void a_problem_ends_with_the_next_answer() throws Exception {
    boolean[] away = {true};
    TokenReviews reviews =
        new TokenReviews(
            (method, path, type, sent, timeout) -> {
              if (away[0]) {
                throw new IOException("cannot connect: refused, or nobody there");
              }
              return new ApiServer.Answer(201, null, "{\"status\":{}}");
            });
    assertThat(reviews.mayGet("t", "/metrics")).isEqualTo(Answer.NONE);
    assertThat(reviews.problem()).isEqualTo("cannot connect: refused, or nobody there");
    away[0] = false;
    assertThat(reviews.mayGet("t", "/metrics")).isEqualTo(Answer.UNKNOWN_TOKEN);
    assertThat(reviews.problem()).isNull();
  }

  @Test
  void an_answer_that_is_no_json_is_not_quoted() throws Exception {
    TokenReviews reviews = answering(201, "{\"spec\":{\"token\":secret", 201, ALLOWED);
    reviews.mayGet("secret", "/metrics");
    assertThat(reviews.problem()).isEqualTo("TokenReview: the answer is no JSON, or too long");
  }
}
