package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.kubernetes.AccessReview.Answer;
import io.seccompwatch.kubernetes.AccessReview.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessReviewTest {

  private final List<String> asked = new ArrayList<>();

  private AccessReview answering(int status, String body) {
    return new AccessReview(
        (method, path, type, sent, timeout) -> {
          asked.add(method + " " + path + " " + new String(sent, StandardCharsets.UTF_8));
          return new ApiServer.Answer(status, null, body);
        });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          201 | {"spec":{"allowed":true},"status":{"allowed":false,"reason":"no role"}} | NO | no role
          201 | {"status":{"allowed":true,"reason":"RBAC: allowed by x"}} | YES | RBAC: allowed by x
          201 | {"status":{}}                                        | UNKNOWN | ''
          201 | <html>                                               | UNKNOWN | the answer is no JSON
          401 | {"kind":"Status","message":"Unauthorized"}           | UNKNOWN | HTTP 401: Unauthorized
          502 | bad gateway                                          | UNKNOWN | HTTP 502
          """)
  void reads_the_servers_opinion(int status, String body, Answer answer, String why)
      throws Exception {
    assertThat(answering(status, body).may("patch", "events.k8s.io", "events"))
        .isEqualTo(new Result(answer, why));
    assertThat(asked)
        .containsExactly(
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
                + " {\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
                + "\"spec\":{\"resourceAttributes\":{\"verb\":\"patch\",\"group\":\"events.k8s.io\","
                + "\"resource\":\"events\"}}}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"items":[]}                                  | NO
          {"metadata":{"items":[{}]},"items":[]}        | NO
          {"items":[{"metadata":{"name":"a"}}]}         | YES
          {"items":[{"metadata":{"na                    | YES
          {"it                                          | NO
          """)
  void a_list_has_an_item_or_none(String body, Answer answer) throws Exception {
    assertThat(answering(200, body).hasPods("n1").answer()).isEqualTo(answer);
    assertThat(asked.getFirst())
        .startsWith("GET /api/v1/pods?limit=1&fieldSelector=spec.nodeName%3Dn1");
  }

  @Test
  void a_server_that_is_not_there_is_not_known() throws Exception {
    AccessReview review =
        new AccessReview(
            (method, path, type, sent, timeout) -> {
              throw new IOException("cannot connect: refused, or nobody there");
            });
    assertThat(review.may("list", "", "pods"))
        .isEqualTo(new Result(Answer.UNKNOWN, "cannot connect: refused, or nobody there"));
  }
}
