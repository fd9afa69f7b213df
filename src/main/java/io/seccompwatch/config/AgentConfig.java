package io.seccompwatch.config;

import io.seccompwatch.source.RecordSource.StartAt;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The agent's configuration, checked.
 *
 * @param sources what to read; never empty
 * @param from where to begin
 * @param stateDir keeps checkpoints
 * @param proc the node's procfs
 * @param cgroup the node's cgroup file systems
 * @param hostRoot the node's root directory, or one that holds the mounted parts of it
 * @param processEvents whether the process connector is used
 * @param kubernetes whether to ask the API for names
 * @param kubeconfig how to reach it; null for the pod's own account
 * @param nodeName the node's name; null when nobody gave one
 * @param listenHost address to serve on
 * @param listenPort port to serve on; 0 for any
 * @param tlsCert the certificate chain to serve with; null for plain HTTP
 * @param tlsKey the certificate's key; null for plain HTTP
 * @param authorization who may read metrics and the query API
 * @param events which violations become Kubernetes Events
 * @param violationsLog {@code stdout}, {@code off} or a file
 * @param canary how often the canary is fired; null for never
 * @param seriesLimit most series of a metric
 * @param seriesGrace how long a deleted pod's series stay
 */
public record AgentConfig(
    List<SourceSpec> sources,
    StartAt from,
    Path stateDir,
    Path proc,
    Path cgroup,
    Path hostRoot,
    ProcessEvents processEvents,
    Kubernetes kubernetes,
    @Nullable Path kubeconfig,
    @Nullable String nodeName,
    String listenHost,
    int listenPort,
    @Nullable Path tlsCert,
    @Nullable Path tlsKey,
    Authorization authorization,
    Events events,
    String violationsLog,
    @Nullable Duration canary,
    int seriesLimit,
    Duration seriesGrace) {

  /** Whether the process connector is used. */
  public enum ProcessEvents {
    AUTO,
    ON,
    OFF
  }

  /** Whether the API server is asked. */
  public enum Kubernetes {
    AUTO,
    REQUIRED,
    OFF
  }

  /** Who may read metrics and the query API. */
  public enum Authorization {
    /** Everybody the metrics, and whoever comes over loopback the query API. */
    OFF,
    /** Whose bearer token the API server allows to get the path. */
    KUBERNETES
  }

  /** Which violations become Events. */
  public enum Events {
    DENIED,
    ALL,
    OFF
  }

  private static final int MAX_NODE_NAME = 253;

  /** Checks what only goes together. */
  public AgentConfig {
    if ((tlsCert == null) != (tlsKey == null)) {
      throw tlsCert == null
          ? new ConfigException("tls-key", "without a certificate", "give --tls-cert FILE, too")
          : new ConfigException("tls-cert", "without its key", "give --tls-key FILE, too");
    }
    if (authorization == Authorization.KUBERNETES && tlsCert == null) {
      throw new ConfigException(
          "authorization",
          "kubernetes without TLS would show tokens to the network",
          "give --tls-cert and --tls-key, or --authorization off");
    }
    if (authorization == Authorization.KUBERNETES && kubernetes == Kubernetes.OFF) {
      throw new ConfigException(
          "authorization",
          "kubernetes asks the API, and --kubernetes is off",
          "give --kubernetes required, or --authorization off");
    }
  }

  /**
   * Checks what was given.
   *
   * @param given the values of every option that was given somewhere; the rest take their defaults
   * @throws ConfigException for the first value that cannot be used
   */
  public static AgentConfig of(Map<RunOption, List<String>> given) {
    Values values = new Values(given);
    String listen = values.text(RunOption.LISTEN);
    int colon = listen.lastIndexOf(':');
    if (colon < 1) {
      throw new ConfigException("listen", "'" + listen + "'", "give HOST:PORT, 0.0.0.0:9326 say");
    }
    String canary = values.text(RunOption.CANARY);
    String nodeName = values.optional(RunOption.NODE_NAME);
    if (nodeName != null && !isNodeName(nodeName)) {
      throw new ConfigException(
          "node-name",
          "'" + nodeName + "' is no node's name",
          "give at most 253 of a-z, 0-9, '-' and '.', as kubectl get nodes shows it");
    }
    return new AgentConfig(
        values.all(RunOption.SOURCE).stream().map(SourceSpec::parse).distinct().toList(),
        ConfigValues.choice("from", values.text(RunOption.FROM), StartAt.values()),
        values.path(RunOption.STATE_DIR),
        values.path(RunOption.PROC),
        values.path(RunOption.CGROUP),
        values.path(RunOption.HOST_ROOT),
        ConfigValues.choice(
            "process-events", values.text(RunOption.PROCESS_EVENTS), ProcessEvents.values()),
        ConfigValues.choice("kubernetes", values.text(RunOption.KUBERNETES), Kubernetes.values()),
        values.optionalPath(RunOption.KUBECONFIG),
        nodeName,
        host(listen.substring(0, colon)),
        ConfigValues.number("listen", listen.substring(colon + 1), 0, 65_535),
        values.optionalPath(RunOption.TLS_CERT),
        values.optionalPath(RunOption.TLS_KEY),
        ConfigValues.choice(
            "authorization", values.text(RunOption.AUTHORIZATION), Authorization.values()),
        ConfigValues.choice("events", values.text(RunOption.EVENTS), Events.values()),
        violationsLog(values.text(RunOption.VIOLATIONS_LOG)),
        canary.equals("off") ? null : ConfigValues.duration("canary", canary),
        ConfigValues.number("series-limit", values.text(RunOption.SERIES_LIMIT), 1, 1_000_000),
        ConfigValues.duration("series-grace", values.text(RunOption.SERIES_GRACE)));
  }

  /** A DNS-1123 subdomain, as far as its characters go. */
  private static boolean isNodeName(String text) {
    return text.length() <= MAX_NODE_NAME
        && text.chars()
            .allMatch(
                c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
  }

  private static String violationsLog(String text) {
    // stdout and off are paths too, as far as this check goes
    return ConfigValues.path(RunOption.VIOLATIONS_LOG.key(), text).toString();
  }

  private static String host(String text) {
    String host =
        text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
    if (new InetSocketAddress(host, 0).isUnresolved()) {
      throw new ConfigException(
          "listen", "unknown host '" + host + "'", "give an address of this machine");
    }
    return host;
  }

  /** The given values over the defaults. */
  private record Values(Map<RunOption, List<String>> given) {

    List<String> all(RunOption option) {
      List<String> values = given.getOrDefault(option, List.of());
      String fallback = option.fallback();
      return values.isEmpty() && fallback != null ? List.of(fallback) : values;
    }

    @Nullable String optional(RunOption option) {
      List<String> values = all(option);
      if (!values.isEmpty() && values.getLast().isEmpty()) {
        throw new ConfigException(option.key(), "no value", "give " + option.placeholder());
      }
      return values.isEmpty() ? null : values.getLast();
    }

    String text(RunOption option) {
      return Objects.requireNonNull(optional(option), option.key());
    }

    @Nullable Path optionalPath(RunOption option) {
      String text = optional(option);
      return text == null ? null : ConfigValues.path(option.key(), text);
    }

    Path path(RunOption option) {
      return ConfigValues.path(option.key(), text(option));
    }
  }
}
