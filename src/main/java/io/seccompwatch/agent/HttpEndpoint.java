package io.seccompwatch.agent;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.http.Page;
import io.seccompwatch.http.ReviewCache;
import io.seccompwatch.http.ReviewCache.Verdict;
import io.seccompwatch.http.Site;
import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.TlsFiles;
import io.seccompwatch.http.WebServer;
import io.seccompwatch.kubernetes.TokenReviews;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.EndpointStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the pages are served: over TLS or not, to whom, and what is refused. Thread-safe. */
final class HttpEndpoint {

  /** How often the files for TLS are looked at; the kubelet itself takes a minute to write them. */
  static final Duration RENEWAL = Duration.ofSeconds(10);

  private final AgentConfig config;
  private final @Nullable TlsFiles tls;
  private final RefusedRequests denials = new RefusedRequests();

  private HttpEndpoint(AgentConfig config, @Nullable TlsFiles tls) {
    this.config = config;
    this.tls = tls;
  }

  /**
   * Reads what is served with; nothing is opened yet.
   *
   * @throws ConfigException when the files for TLS cannot be used
   */
  static HttpEndpoint of(AgentConfig config) {
    Path certificate = config.tlsCert();
    Path key = config.tlsKey();
    if (certificate == null || key == null) {
      return new HttpEndpoint(config, null);
    }
    try {
      return new HttpEndpoint(config, new TlsFiles(certificate, key));
    } catch (TlsFiles.BadTlsException e) {
      boolean ofKey = e.file().equals(key) && !key.equals(certificate);
      throw new ConfigException(
          ofKey ? "tls-key" : "tls-cert",
          e.text(),
          ofKey
              ? "give the certificate's private key as PEM, PKCS#8 say"
              : "give the certificate chain as PEM, the server's own first");
    }
  }

  /**
   * Opens the address and serves from then on.
   *
   * @param reviews asks about tokens; null without authorization
   * @throws AgentException when the address cannot be had
   */
  WebServer serve(Map<String, Page> pages, @Nullable TokenReviews reviews) {
    InetSocketAddress address = new InetSocketAddress(config.listenHost(), config.listenPort());
    Site site =
        reviews == null
            ? Site.local(pages, config.listenHost(), denials)
            : Site.authorized(
                pages,
                new ReviewCache(
                    (token, path) -> verdict(reviews.mayGet(token, path)),
                    () -> System.nanoTime() / 1_000_000),
                denials);
    try {
      return new WebServer(address, site, tls, WebServer.Limits.DEFAULT);
    } catch (IOException e) {
      throw new AgentException(
          "cannot listen: "
              + Routes.text(address)
              + ": "
              + e.getMessage()
              + ": give another --listen");
    }
  }

  private static Verdict verdict(TokenReviews.Answer answer) {
    return switch (answer) {
      case ALLOWED -> Verdict.ALLOWED;
      case UNKNOWN_TOKEN -> Verdict.UNKNOWN_TOKEN;
      case FORBIDDEN -> Verdict.FORBIDDEN;
      case NONE -> Verdict.UNAVAILABLE;
    };
  }

  /** Says how it is served where that is not the default. */
  void say(AgentLog log) {
    if (tls != null) {
      log.info(
          "serving over TLS",
          "certificate",
          String.valueOf(config.tlsCert()),
          "notAfter",
          tls.status().notAfter(),
          "authorization",
          config.authorization() == AgentConfig.Authorization.OFF ? "off" : "kubernetes");
    }
  }

  /** Takes a new certificate when there is one; what cannot be used is a {@link #problem}. */
  void renew(AgentLog log) {
    if (tls != null && tls.look()) {
      log.info("a new certificate is served", "notAfter", tls.status().notAfter());
    }
  }

  /** Why the certificate that is in the files is not served; null when it is. */
  @Nullable String problem() {
    return tls == null ? null : tls.status().problem();
  }

  /** For the metrics. */
  EndpointStatus status() {
    TlsFiles.Status files = tls == null ? null : tls.status();
    return new EndpointStatus(
        denials.byReason(),
        files == null ? null : new EndpointStatus.Tls(files.notAfter(), files.failures()));
  }
}
