package io.seccompwatch.doctor;

import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.ConfigValues;
import io.seccompwatch.kubernetes.ApiChoice;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Agents that are to be asked, and how.
 *
 * @param url as it was given
 * @param host the name or the address in it, without brackets
 * @param port the port
 * @param tls makes connections; null for plain HTTP
 * @param token the bearer token; null for none
 * @param version this program's version
 */
public record AgentTarget(
    String url,
    String host,
    int port,
    @Nullable SSLSocketFactory tls,
    @Nullable String token,
    String version) {

  private static final int MAX_CA_BYTES = 1 << 20;
  private static final int MAX_TOKEN = 8 * 1_024;

  /** Without the token. */
  @Override
  public String toString() {
    return url;
  }

  /**
   * Reads what was given.
   *
   * @param ca a file of certificates; null for those that Java believes
   * @param token a file; null for the account's token, if there is one and it would not be shown to
   *     the network
   * @param environment says where a pod's account is
   * @throws ConfigException when something of it cannot be used
   */
  public static AgentTarget of(
      String url,
      @Nullable String ca,
      @Nullable String token,
      Map<String, String> environment,
      String version) {
    URI uri = uri(url);
    boolean https = "https".equals(uri.getScheme().toLowerCase(Locale.ROOT));
    if (!https && (ca != null || token != null)) {
      throw new ConfigException(
          ca != null ? "agent-ca" : "agent-token", "is for https", "give --agent https://…");
    }
    int port = uri.getPort() >= 0 ? uri.getPort() : https ? 443 : 80;
    String host = uri.getHost();
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    return new AgentTarget(
        url,
        bare,
        port,
        https ? factory(ca == null ? null : ConfigValues.path("agent-ca", ca)) : null,
        https ? token(token, environment) : null,
        version);
  }

  private static URI uri(String url) {
    try {
      URI uri = new URI(url);
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      String path = uri.getPath();
      if ((scheme.equals("http") || scheme.equals("https"))
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawQuery() == null
          && (path == null || path.isEmpty() || path.equals("/"))) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Told below, as for any other text
    }
    throw new ConfigException(
        "agent", "'" + url + "' is no agent's URL", "give http://HOST:9326 or https://HOST:9326");
  }

  private static @Nullable String token(@Nullable String file, Map<String, String> environment) {
    Path usual = ApiChoice.account(environment).resolve("token");
    Path path = file == null ? usual : ConfigValues.path("agent-token", file);
    if (file == null && !Files.isReadable(usual)) {
      return null;
    }
    String text;
    try (InputStream in = Files.newInputStream(path)) {
      text = new String(in.readNBytes(MAX_TOKEN + 1), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw new ConfigException("agent-token", path + " cannot be read", "give a readable file");
    }
    if (text.isEmpty()
        || text.length() > MAX_TOKEN
        || text.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new ConfigException(
          "agent-token", path + " is not one token", "give a file with a token and nothing else");
    }
    return text;
  }

  private static SSLSocketFactory factory(@Nullable Path ca) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, ca == null ? null : trusting(ca).getTrustManagers(), null);
      return context.getSocketFactory();
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigException(
          "agent-ca", ca + " holds no certificate that can be read", "give a PEM file");
    }
  }

  private static TrustManagerFactory trusting(Path ca)
      throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(ca)) {
      InputStream bounded = new ByteArrayInputStream(in.readNBytes(MAX_CA_BYTES));
      int n = 0;
      for (Certificate each :
          CertificateFactory.getInstance("X.509").generateCertificates(bounded)) {
        trusted.setCertificateEntry("ca" + n++, each);
      }
      if (n == 0) {
        throw new IOException("no certificate");
      }
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    return managers;
  }
}
