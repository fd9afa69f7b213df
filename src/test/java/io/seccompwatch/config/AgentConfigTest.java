package io.seccompwatch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.source.RecordSource.StartAt;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What values mean, and what they are when nobody gives them. */
class AgentConfigTest {

  private static final AgentConfig DEFAULTS =
      new AgentConfig(
          List.of(new SourceSpec(Kind.AUTO, null)),
          StartAt.CHECKPOINT,
          Path.of("/var/lib/seccomp-watch"),
          Path.of("/proc"),
          Path.of("/sys/fs/cgroup"),
          Path.of("/"),
          AgentConfig.ProcessEvents.AUTO,
          AgentConfig.Kubernetes.AUTO,
          null,
          null,
          "0.0.0.0",
          9326,
          null,
          null,
          AgentConfig.Authorization.OFF,
          AgentConfig.Events.DENIED,
          "stdout",
          Duration.ofMinutes(5),
          2_000,
          Duration.ofMinutes(15));

  @Test
  void everyDefaultIsThatOfTheContract() {
    assertThat(AgentConfig.of(Map.of())).isEqualTo(DEFAULTS);
  }

  @Test
  void theOptionsAreThoseOfTheContract() {
    assertThat(Stream.of(RunOption.values()).map(RunOption::key))
        .containsExactly(
            "source",
            "from",
            "state-dir",
            "proc",
            "cgroup",
            "host-root",
            "process-events",
            "kubernetes",
            "kubeconfig",
            "node-name",
            "listen",
            "tls-cert",
            "tls-key",
            "authorization",
            "events",
            "violations-log",
            "canary",
            "series-limit",
            "series-grace");
  }

  @Test
  void everyValueThatIsGivenIsTaken() {
    Map<RunOption, List<String>> given = new EnumMap<>(RunOption.class);
    given.put(RunOption.SOURCE, List.of("audit-log=/a", "syslog", "kmsg=/k", "syslog"));
    given.put(RunOption.FROM, List.of("beginning"));
    given.put(RunOption.STATE_DIR, List.of("/s"));
    given.put(RunOption.PROC, List.of("/host/proc"));
    given.put(RunOption.CGROUP, List.of("/host/cgroup"));
    given.put(RunOption.HOST_ROOT, List.of("/host"));
    given.put(RunOption.PROCESS_EVENTS, List.of("on"));
    given.put(RunOption.KUBERNETES, List.of("required"));
    given.put(RunOption.KUBECONFIG, List.of("/k"));
    given.put(RunOption.NODE_NAME, List.of("n1"));
    given.put(RunOption.LISTEN, List.of("[::1]:0"));
    given.put(RunOption.TLS_CERT, List.of("/tls/tls.crt"));
    given.put(RunOption.TLS_KEY, List.of("/tls/tls.key"));
    given.put(RunOption.AUTHORIZATION, List.of("kubernetes"));
    given.put(RunOption.EVENTS, List.of("all"));
    given.put(RunOption.VIOLATIONS_LOG, List.of("/v.jsonl"));
    given.put(RunOption.CANARY, List.of("off"));
    given.put(RunOption.SERIES_LIMIT, List.of("7"));
    given.put(RunOption.SERIES_GRACE, List.of("1h"));
    assertThat(AgentConfig.of(given))
        .isEqualTo(
            new AgentConfig(
                List.of(
                    new SourceSpec(Kind.AUDIT_LOG, Path.of("/a")),
                    new SourceSpec(Kind.SYSLOG, null),
                    new SourceSpec(Kind.KMSG, Path.of("/k"))),
                StartAt.BEGINNING,
                Path.of("/s"),
                Path.of("/host/proc"),
                Path.of("/host/cgroup"),
                Path.of("/host"),
                AgentConfig.ProcessEvents.ON,
                AgentConfig.Kubernetes.REQUIRED,
                Path.of("/k"),
                "n1",
                "::1",
                0,
                Path.of("/tls/tls.crt"),
                Path.of("/tls/tls.key"),
                AgentConfig.Authorization.KUBERNETES,
                AgentConfig.Events.ALL,
                "/v.jsonl",
                null,
                7,
                Duration.ofHours(1)));
  }

  @ParameterizedTest
  @CsvSource({
    "1ms,   PT0.001S",
    "250ms, PT0.25S",
    "30s,   PT30S",
    "5m,    PT5M",
    "1h,    PT1H",
    "365d,  PT8760H",
    "007s,  PT7S",
  })
  void aDurationIsANumberAndAUnit(String text, Duration duration) {
    assertThat(of(RunOption.CANARY, text).canary()).isEqualTo(duration);
    assertThat(of(RunOption.SERIES_GRACE, text).seriesGrace()).isEqualTo(duration);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:0,     127.0.0.1, 0",
    "localhost:65535, localhost, 65535",
    "[::]:9326,       ::,        9326",
    "::1:80,          ::1,       80",
  })
  void anAddressIsAHostAndAPort(String text, String host, int port) {
    AgentConfig config = of(RunOption.LISTEN, text);
    assertThat(config.listenHost()).isEqualTo(host);
    assertThat(config.listenPort()).isEqualTo(port);
  }

  @ParameterizedTest
  @CsvSource({
    "SOURCE,         journald",
    "SOURCE,         ''",
    "SOURCE,         Audit-Log",
    "SOURCE,         audit-log=",
    "SOURCE,         auto=/var/log/x",
    "SOURCE,         audit_log",
    "FROM,           start",
    "FROM,           END",
    "FROM,           ''",
    "STATE_DIR,      ''",
    "PROC,           ''",
    "CGROUP,         ''",
    "KUBERNETES,     yes",
    "KUBERNETES,     on",
    "KUBECONFIG,     ''",
    "NODE_NAME,      ''",
    "LISTEN,         9326",
    "LISTEN,         :9326",
    "LISTEN,         localhost",
    "LISTEN,         localhost:",
    "LISTEN,         localhost:65536",
    "LISTEN,         localhost:-1",
    "LISTEN,         localhost:http",
    "LISTEN,         no.such.host.invalid:1",
    "TLS_CERT,       ''",
    "TLS_KEY,        ''",
    "AUTHORIZATION,  on",
    "AUTHORIZATION,  ''",
    "EVENTS,         some",
    "VIOLATIONS_LOG, ''",
    "CANARY,         5",
    "CANARY,         m",
    "CANARY,         0s",
    "CANARY,         -5m",
    "CANARY,         5 m",
    "CANARY,         5M",
    "CANARY,         5.5m",
    "CANARY,         366d",
    "CANARY,         9999999999s",
    "CANARY,         on",
    "CANARY,         ''",
    "SERIES_LIMIT,   0",
    "SERIES_LIMIT,   1000001",
    "SERIES_LIMIT,   many",
    "SERIES_LIMIT,   1e3",
    "SERIES_LIMIT,   99999999999",
    "SERIES_GRACE,   off",
    "SERIES_GRACE,   0ms",
  })
  void aBadValueIsOneLineThatNamesItsOption(RunOption option, String value) {
    assertThatThrownBy(() -> of(option, value))
        .isInstanceOf(ConfigException.class)
        .message()
        .startsWith(option.key() + ": ")
        .hasLineCount(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = RunOption.class,
      names = {"SOURCE", "STATE_DIR", "PROC", "CGROUP", "KUBECONFIG", "TLS_CERT", "VIOLATIONS_LOG"})
  void aPathThatNoFileCanHaveIsABadValueToo(RunOption option) {
    String path = option == RunOption.SOURCE ? "kmsg=/a\0b" : "/a\0b";
    assertThatThrownBy(() -> of(option, path))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(option.key() + ": ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TLS_CERT=/c                              | tls-cert: without its key: give --tls-key FILE,"
            + " too",
        "TLS_KEY=/k                               | tls-key: without a certificate: give --tls-cert"
            + " FILE, too",
        "AUTHORIZATION=kubernetes                 | authorization: kubernetes without TLS would"
            + " show tokens to the network: give --tls-cert and --tls-key, or --authorization off",
        "AUTHORIZATION=kubernetes TLS_CERT=/c TLS_KEY=/k KUBERNETES=off | authorization: kubernetes"
            + " asks the API, and --kubernetes is off: give --kubernetes required, or"
            + " --authorization off",
      })
  void whatOnlyGoesTogetherIsAskedForTogether(String options, String message) {
    Map<RunOption, List<String>> given = new EnumMap<>(RunOption.class);
    for (String option : options.split(" ", -1)) {
      String[] pair = option.split("=", -1);
      given.put(RunOption.valueOf(pair[0]), List.of(pair[1]));
    }
    assertThatThrownBy(() -> AgentConfig.of(given))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @Test
  void aNodeNameIsAtMostAsLongAsKubernetesAllows() {
    assertThat(of(RunOption.NODE_NAME, "n".repeat(253)).nodeName()).hasSize(253);
    assertThatThrownBy(() -> of(RunOption.NODE_NAME, "n".repeat(254)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("node-name: ");
  }

  private static AgentConfig of(RunOption option, String value) {
    return AgentConfig.of(Map.of(option, List.of(value)));
  }
}
