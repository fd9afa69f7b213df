package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.ConfigLoader;
import io.seccompwatch.config.SourceSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The configuration file that the chart writes, read by the agent. */
class ConfigurationTest {

  static List<String> values() {
    return ValueSets.switches();
  }

  @Test
  void by_default_says_what_the_agent_does_anyway_and_where_the_nodes_things_are(
      @TempDir Path directory) throws Exception {
    AgentConfig plain = AgentConfig.of(Map.of());
    AgentConfig config = configuration("", directory);
    assertThat(config.sources()).isEqualTo(plain.sources());
    assertThat(config.proc()).isEqualTo(Path.of("/host/proc"));
    assertThat(config.cgroup()).isEqualTo(Path.of("/host/sys/fs/cgroup"));
    assertThat(config.hostRoot()).isEqualTo(Path.of("/host/root"));
    assertThat(config.stateDir()).isEqualTo(plain.stateDir());
    assertThat(config.kubernetes()).isEqualTo(AgentConfig.Kubernetes.REQUIRED);
    assertThat(config.events()).isEqualTo(plain.events());
    assertThat(config.violationsLog()).isEqualTo(plain.violationsLog());
    assertThat(config.canary()).isEqualTo(plain.canary());
    assertThat(config.from()).isEqualTo(plain.from());
    assertThat(config.seriesLimit()).isEqualTo(plain.seriesLimit());
    assertThat(config.seriesGrace()).isEqualTo(plain.seriesGrace());
    assertThat(config.listenHost()).isEqualTo(plain.listenHost());
    assertThat(config.listenPort()).isEqualTo(plain.listenPort());
    assertThat(config.tlsCert()).isEqualTo(plain.tlsCert());
    assertThat(config.authorization()).isEqualTo(plain.authorization());
  }

  @Test
  void carries_every_value_that_is_an_option(@TempDir Path directory) throws Exception {
    AgentConfig config =
        configuration(
            """
            source: audit-netlink
            additionalSources: [syslog]
            syslog: {path: /var/log/kern.log}
            from: beginning
            processEvents: false
            kubernetes: {enabled: true, events: all}
            listen: {host: "[::]", port: 1234}
            violationsLog: none
            canary: false
            seriesLimit: 7
            seriesGrace: 1h
            tls: {enabled: true, secretName: certificate, certKey: a.crt, authorization: true}
            """,
            directory);
    assertThat(config.sources())
        .extracting(SourceSpec::kind)
        .containsExactly(SourceSpec.Kind.AUDIT_NETLINK, SourceSpec.Kind.SYSLOG);
    assertThat(config.sources().getLast().path()).isEqualTo(Path.of("/var/log/kern.log"));
    assertThat(config.from()).hasToString("BEGINNING");
    assertThat(config.processEvents()).isEqualTo(AgentConfig.ProcessEvents.OFF);
    assertThat(config.events()).isEqualTo(AgentConfig.Events.ALL);
    assertThat(config.listenPort()).isEqualTo(1234);
    assertThat(config.violationsLog()).isEqualTo("off");
    assertThat(config.canary()).isNull();
    assertThat(config.seriesLimit()).isEqualTo(7);
    assertThat(config.seriesGrace()).hasHours(1);
    assertThat(config.tlsCert()).isEqualTo(Path.of("/etc/seccomp-watch/tls/a.crt"));
    assertThat(config.tlsKey()).isEqualTo(Path.of("/etc/seccomp-watch/tls/tls.key"));
    assertThat(config.authorization()).isEqualTo(AgentConfig.Authorization.KUBERNETES);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("values")
  void is_understood(String values, @TempDir Path directory) throws Exception {
    assertThat(configuration(values, directory).sources()).isNotEmpty();
  }

  private static AgentConfig configuration(String values, Path directory) throws Exception {
    Manifests manifests = Chart.render(values);
    Path file = directory.resolve("seccomp-watch.yaml");
    Files.writeString(
        file,
        manifests.all().stream()
            .filter(it -> it.at("/data").has("seccomp-watch.yaml"))
            .findFirst()
            .orElseThrow()
            .at("/data/seccomp-watch.yaml")
            .asText());
    return AgentConfig.of(ConfigLoader.merge(Map.of(), Map.of(), file));
  }
}
