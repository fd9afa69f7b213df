package io.seccompwatch.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Single requests with the token of the agent's ServiceAccount: one verb each, where kubectl would
 * send others before it.
 */
public final class AgentRequests {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * An answer.
   *
   * @param status the HTTP status
   * @param body the JSON
   */
  public record Answer(int status, JsonNode body) {}

  private final String server;
  private final Path serviceAccount;
  private final HttpClient http;

  /**
   * Trusts what the ServiceAccount's directory says, and no one else.
   *
   * @param server the server's address, with its scheme
   */
  AgentRequests(String server, Path serviceAccount) {
    this.server = server;
    this.serviceAccount = serviceAccount;
    this.http = HttpClient.newBuilder().sslContext(trusting(serviceAccount)).build();
  }

  /**
   * Sends one request with the token that is in its file now.
   *
   * @param body the JSON; empty when there is none
   */
  public Answer send(String method, String path, String body)
      throws IOException, InterruptedException {
    String type = method.equals("PATCH") ? "application/merge-patch+json" : "application/json";
    HttpRequest request =
        request(path)
            .header("Content-Type", type)
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    return new Answer(response.statusCode(), JSON.readTree(response.body()));
  }

  /** Opens a watch; what it tells comes until the server ends it. */
  public InputStream watch(String path) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        http.send(request(path).build(), HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new AssertionError("no watch, but status " + response.statusCode());
    }
    return response.body();
  }

  private HttpRequest.Builder request(String path) throws IOException {
    String token = Files.readString(serviceAccount.resolve("token")).strip();
    return HttpRequest.newBuilder(URI.create(server + path))
        .timeout(LIMIT)
        .header("Authorization", "Bearer " + token);
  }

  private static SSLContext trusting(Path serviceAccount) {
    try (InputStream authority = Files.newInputStream(serviceAccount.resolve("ca.crt"))) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      trusted.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(authority));
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new AssertionError("cannot use the certificate in " + serviceAccount, e);
    }
  }
}
