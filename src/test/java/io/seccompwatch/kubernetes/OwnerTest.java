package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OwnerTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          apps/v1              | ReplicaSet            | api-7d9f      | 7d9f | Deployment            | api
          apps/v1              | ReplicaSet            | a-b-7d9f      | 7d9f | Deployment            | a-b
          apps/v1              | ReplicaSet            | api-7d9f      |      | ReplicaSet            | api-7d9f
          apps/v1              | ReplicaSet            | api-7d9f      | d9f  | ReplicaSet            | api-7d9f
          apps/v1              | ReplicaSet            | api-other     | 7d9f | ReplicaSet            | api-other
          apps/v1              | ReplicaSet            | -7d9f         | 7d9f | ReplicaSet            | -7d9f
          apps/v1              | ReplicaSet            | 7d9f          | 7d9f | ReplicaSet            | 7d9f
          other.example/v1     | ReplicaSet            | api-7d9f      | 7d9f | ReplicaSet            | api-7d9f
                               | ReplicaSet            | api-7d9f      | 7d9f | ReplicaSet            | api-7d9f
          apps/v1              | DaemonSet             | node-exporter |      | DaemonSet             | node-exporter
          apps/v1              | StatefulSet           | db            |      | StatefulSet           | db
          batch/v1             | Job                   | once          |      | Job                   | once
          batch/v1             | Job                   | cron-29390400 |      | Job                   | cron-29390400
          v1                   | Node                  | n1            |      | Node                  | n1
          v1                   | ReplicationController | old           |      | ReplicationController | old
          """)
  void isWhatThePodAloneMakesCertain(
      @Nullable String apiVersion,
      String kind,
      String name,
      @Nullable String hash,
      String ownerKind,
      String ownerName) {
    assertThat(Owner.of(apiVersion, kind, name, hash)).isEqualTo(new Owner(ownerKind, ownerName));
  }
}
