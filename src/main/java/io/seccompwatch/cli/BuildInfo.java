package io.seccompwatch.cli;

import io.seccompwatch.publish.AgentMetrics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * What this program was built from.
 *
 * @param version of the release
 * @param revision of the source; {@code unknown} when it was not built from a checkout
 */
record BuildInfo(String version, String revision) {

  /** Reads what the build wrote beside this class. */
  static BuildInfo read() {
    Properties properties = new Properties();
    try (InputStream in = BuildInfo.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new BuildInfo(
        properties.getProperty("version", "unknown"),
        properties.getProperty("revision", "unknown"));
  }

  AgentMetrics.Build forMetrics() {
    return new AgentMetrics.Build(version, revision, Runtime.version().toString());
  }

  /** What {@code --version} prints. */
  String line() {
    return "seccomp-watch "
        + version
        + " (revision "
        + revision
        + ", Java "
        + Runtime.version()
        + ")";
  }
}
