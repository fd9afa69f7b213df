package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiChoiceTest {

  @TempDir Path account;

  private ApiChoice choose(
      boolean required,
      @Nullable String kubeconfig,
      @Nullable String host,
      boolean token,
      @Nullable String node)
      throws IOException {
    if (token) {
      Files.writeString(account.resolve("token"), "t");
    }
    return ApiChoice.of(
        required,
        kubeconfig == null ? null : Path.of(kubeconfig),
        host == null
            ? Map.of()
            : Map.of("KUBERNETES_SERVICE_HOST", host, "KUBERNETES_SERVICE_PORT", "6443"),
        account,
        node);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # kubeconfig | host     | token | node | auto | required
                       |          | false | n1   | Off  | Impossible
                       |          | true  | n1   | Off  | Impossible
                       | 10.0.0.1 | false | n1   | Off  | Impossible
                       | 10.0.0.1 | true  | n1   | On   | On
                       | 10.0.0.1 | true  |      | Off  | Impossible
          /k           |          | false | n1   | On   | On
          /k           | 10.0.0.1 | true  | n1   | On   | On
          /k           |          | false |      | Off  | Impossible
          """)
  void followsFromWhatThereIs(
      @Nullable String kubeconfig,
      @Nullable String host,
      boolean token,
      @Nullable String node,
      String auto,
      String required)
      throws IOException {
    assertThat(choose(false, kubeconfig, host, token, node).getClass().getSimpleName())
        .isEqualTo(auto);
    assertThat(choose(true, kubeconfig, host, token, node).getClass().getSimpleName())
        .isEqualTo(required);
  }

  @Test
  void saysWhatItUsesOrWhatToGive() throws IOException {
    assertThat(choose(false, null, "fd00::1", true, "n1"))
        .isEqualTo(
            new ApiChoice.On(
                new ApiAccess.InCluster("fd00::1", "6443", account),
                "n1",
                "service account at https://[fd00::1]:6443"));
    assertThat(choose(false, "/k", null, false, "n1"))
        .isInstanceOfSatisfying(
            ApiChoice.On.class, on -> assertThat(on.why()).isEqualTo("kubeconfig /k"));
    assertThat(choose(true, "/k", null, false, null))
        .isEqualTo(
            new ApiChoice.Impossible(
                "the node's name is not known",
                "give --node-name, spec.nodeName of the pod in a cluster"));
    assertThat(choose(false, null, null, false, "n1"))
        .isEqualTo(
            new ApiChoice.Off(
                "neither in a pod nor a kubeconfig was given: give --kubeconfig FILE"));
  }
}
