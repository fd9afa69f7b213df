package io.seccompwatch.config;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every option of {@code run}, said once: the flags, the keys of the configuration file, the
 * environment variables and the help are made from this list.
 */
public enum RunOption {
  SOURCE(
      "auto",
      "KIND[=PATH]",
      "Where to read records: auto, audit-log[=PATH], syslog[=PATH], kmsg[=PATH], audit-netlink."
          + " May be given more than once."),
  FROM(
      "checkpoint",
      "WHERE",
      "Where to begin: checkpoint (where the last run ended; the end when there was none), end or"
          + " beginning."),
  STATE_DIR("/var/lib/seccomp-watch", "DIR", "Keeps checkpoints and the canary's key."),
  PROC("/proc", "DIR", "The node's procfs."),
  CGROUP("/sys/fs/cgroup", "DIR", "The node's cgroup file systems."),
  HOST_ROOT(
      "/",
      "DIR",
      "The node's root directory, or one that holds the parts of it that are mounted: the"
          + " runtimes' configurations of containers and the kubelet's seccomp profiles."),
  PROCESS_EVENTS(
      "auto",
      "MODE",
      "The kernel's own word of forks, execs and exits, for processes that are gone at once: auto,"
          + " on or off."),
  KUBERNETES("auto", "MODE", "Names of pods and workloads from the API: auto, required or off."),
  KUBECONFIG(null, "FILE", "How to reach the API; the pod's service account when left out."),
  NODE_NAME(
      null, "NAME", "This node's name in Kubernetes; outside a pod the host's name when left out."),
  LISTEN(
      "0.0.0.0:9326",
      "HOST:PORT",
      "Where to serve /metrics, /livez, /readyz and the API; port 0 picks a free one and prints"
          + " it."),
  TLS_CERT(
      null,
      "FILE",
      "Serves over TLS with this certificate chain, PEM, the server's own first; read anew when it"
          + " changes."),
  TLS_KEY(null, "FILE", "The certificate's private key, PEM."),
  AUTHORIZATION(
      "off",
      "MODE",
      "Who may read /metrics and the API: off (everybody the metrics, loopback the API) or"
          + " kubernetes (bearer tokens that may get the path; needs TLS)."),
  EVENTS("denied", "WHICH", "Kubernetes Events for denied, all or off."),
  VIOLATIONS_LOG("stdout", "WHERE", "JSON lines to stdout, a file, or off."),
  CANARY("5m", "DURATION", "How often to prove that a denial would be seen; off for never."),
  SERIES_LIMIT("2000", "N", "At most so many series per metric; what comes after is other."),
  SERIES_GRACE("15m", "DURATION", "How long the series of a deleted pod are kept.");

  private final @Nullable String fallback;
  private final String placeholder;
  private final String help;

  RunOption(@Nullable String fallback, String placeholder, String help) {
    this.fallback = fallback;
    this.placeholder = placeholder;
    this.help = help;
  }

  /** The flag without its dashes, and the key in the file: {@code state-dir}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The environment variable: {@code SECCOMP_WATCH_STATE_DIR}. */
  public String variable() {
    return "SECCOMP_WATCH_" + name();
  }

  /** Whether it may be given more than once. */
  public boolean repeatable() {
    return this == SOURCE;
  }

  /** What holds when nobody gives it; null when that is nothing. */
  public @Nullable String fallback() {
    return fallback;
  }

  /** What stands for the value in the help. */
  public String placeholder() {
    return placeholder;
  }

  /** What it does, in a sentence. */
  public String help() {
    return help;
  }

  static Optional<RunOption> ofKey(String key) {
    return Stream.of(values()).filter(option -> option.key().equals(key)).findFirst();
  }
}
