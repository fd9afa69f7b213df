package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.kubernetes.PodReader.Owner;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OwnerTest {

  private static final Instant CREATED = Instant.parse("2026-11-22T10:00:00Z");

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
    assertThat(Owner.of(apiVersion, kind, name, hash, CREATED))
        .isEqualTo(new Owner(ownerKind, ownerName));
  }

  /** 29756880 minutes after the epoch it is 2026-07-30T12:00:00Z. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          batch/v1         | backup-29756880    | 2026-07-30T12:00:00Z | CronJob | backup
          batch/v1         | a-1-29756880       | 2026-07-30T12:00:03Z | CronJob | a-1
          batch/v1beta1    | backup-29756880    | 2026-07-30T11:56:00Z | CronJob | backup
          batch/v1         | backup-29756880    | 2026-08-06T11:59:59Z | CronJob | backup
          batch/v1         | backup-29756880    | 2026-08-06T12:00:00Z | Job     | backup-29756880
          batch/v1         | backup-29756880    | 2026-07-30T11:55:00Z | Job     | backup-29756880
          batch/v1         | backup-20260730    | 2026-07-30T12:00:00Z | Job     | backup-20260730
          batch/v1         | backup-029756880   | 2026-07-30T12:00:00Z | Job     | backup-029756880
          batch/v1         | backup-2975676a    | 2026-07-30T12:00:00Z | Job     | backup-2975676a
          batch/v1         | backup29756880     | 2026-07-30T12:00:00Z | Job     | backup29756880
          batch/v1         | -29756880          | 2026-07-30T12:00:00Z | Job     | -29756880
          batch/v1         | 29756880           | 2026-07-30T12:00:00Z | Job     | 29756880
          batch/v1         | backup-29756880    |                      | Job     | backup-29756880
          other.example/v1 | backup-29756880    | 2026-07-30T12:00:00Z | Job     | backup-29756880
                           | backup-29756880    | 2026-07-30T12:00:00Z | Job     | backup-29756880
          """)
  void aJobIsACronJobsWhenItsNameHasTheTimeAtWhichThePodWasMade(
      @Nullable String apiVersion,
      String name,
      @Nullable Instant created,
      String ownerKind,
      String ownerName) {
    assertThat(Owner.of(apiVersion, "Job", name, null, created))
        .isEqualTo(new Owner(ownerKind, ownerName));
  }
}
