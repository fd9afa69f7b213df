package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Context;
import io.fabric8.kubernetes.api.model.NamedAuthInfo;
import io.fabric8.kubernetes.api.model.NamedCluster;
import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.internal.KubeConfigUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the API server through the Kubernetes client's HTTP client and configuration:
 * TLS, client certificates, tokens, exec plugins and proxies are its. Whole objects are not: what
 * comes is read as a stream. Thread-safe.
 */
public final class ApiConnection implements ApiServer, AutoCloseable {

  private static final long MAX_KUBECONFIG_BYTES = 16 << 20;
  private static final int MAX_BODY = 64 * 1024;

  /** A server may ask for any time; one that asks for hours is tried again before. */
  private static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);

  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** How much longer than the request itself its answer is waited for: nobody else gives up. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  private static final int MAX_ERROR = 300;

  private final ApiAccess access;
  private final String userAgent;
  private final HttpClientFactory http = new HttpClientFactory();
  private volatile Client client;

  private record Client(HttpClient http, String server) {}

  /**
   * An answer whose body is still to be read.
   *
   * @param status the HTTP status
   * @param retryAfter how long the server asks to wait; null when it does not
   * @param body the body; to be closed
   */
  record Streamed(int status, @Nullable Duration retryAfter, ResponseBody body)
      implements AutoCloseable {
    @Override
    public void close() {
      body.close();
    }
  }

  private ApiConnection(ApiAccess access, String userAgent) throws IOException {
    this.access = access;
    this.userAgent = userAgent;
    this.client = connect();
  }

  /**
   * Makes a connection; nothing is sent yet.
   *
   * @param userAgent how the agent is called in the server's audit log
   * @throws IOException when the credentials cannot be read, with the file and the reason
   */
  public static ApiConnection open(ApiAccess access, String userAgent) throws IOException {
    return new ApiConnection(access, userAgent);
  }

  /** The server's address, {@code https://10.0.0.1:443/} say. */
  public String server() {
    return client.server();
  }

  /**
   * Reads the credentials anew, all of them: certificates are renewed, too. Requests under way are
   * not disturbed; when the credentials cannot be read, the old ones stay.
   *
   * @throws IOException when they cannot be read, with the file and the reason
   */
  void renew() throws IOException {
    client = connect();
  }

  private Client connect() throws IOException {
    try {
      Config config =
          switch (access) {
            case ApiAccess.InCluster pod -> inCluster(pod);
            case ApiAccess.Kubeconfig file -> kubeconfig(file.file());
          };
      config.setUserAgent(userAgent);
      config.setConnectionTimeout((int) CONNECT.toMillis());
      // What to try again, and when, is decided by who asks
      config.setRequestRetryBackoffLimit(0);
      config.setHttp2Disable(true);
      return new Client(http.newBuilder(config).build(), config.getMasterUrl());
    } catch (RuntimeException e) {
      // The client's own, and whatever its parsers throw at a bad file
      throw new IOException(access + ": " + text(e), e);
    }
  }

  private static Config inCluster(ApiAccess.InCluster pod) throws IOException {
    Path ca = pod.account().resolve("ca.crt");
    if (!Files.isReadable(ca)) {
      throw new IOException(ca + ": not readable");
    }
    Config config = Config.empty();
    Config.configFromSysPropsOrEnvVars(config);
    String host = pod.host().indexOf(':') >= 0 ? "[" + pod.host() + "]" : pod.host();
    config.setMasterUrl("https://" + host + ":" + pod.port());
    config.setCaCertFile(ca.toString());
    TokenFile token = new TokenFile(pod.account().resolve("token"));
    config.setOauthTokenProvider(token::read);
    return config;
  }

  private static Config kubeconfig(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException("kubeconfig " + file + ": not readable");
    }
    if (!Files.isRegularFile(file) || Files.size(file) > MAX_KUBECONFIG_BYTES) {
      throw new IOException("kubeconfig " + file + ": no regular file of at most 16 MiB");
    }
    Config config = Config.fromKubeconfig(file.toFile());
    Config.configFromSysPropsOrEnvVars(config);
    NamedContext named = config.getCurrentContext();
    Context context = named == null ? null : named.getContext();
    var content = KubeConfigUtils.parseConfig(file.toFile());
    // Without one the client would make up an address
    if (context == null || !namesServer(content.getClusters(), context)) {
      throw new IOException("kubeconfig " + file + ": has no current-context that names a server");
    }
    Path token = tokenFile(file, content.getUsers(), context);
    if (token != null) {
      config.setOauthTokenProvider(new TokenFile(token)::read);
    }
    return config;
  }

  private static boolean namesServer(List<NamedCluster> clusters, Context context) {
    return clusters.stream()
        .filter(named -> named.getName().equals(context.getCluster()))
        .anyMatch(named -> named.getCluster() != null && named.getCluster().getServer() != null);
  }

  /** The {@code tokenFile} of the context's user, which the client itself does not look at. */
  private static @Nullable Path tokenFile(
      Path kubeconfig, List<NamedAuthInfo> users, Context context) {
    return users.stream()
        .filter(named -> named.getName().equals(context.getUser()) && named.getUser() != null)
        .map(named -> named.getUser().getTokenFile())
        .filter(file -> file != null && !file.isEmpty())
        .findFirst()
        .map(file -> kubeconfig.toAbsolutePath().resolveSibling(file))
        .orElse(null);
  }

  @Override
  public Answer send(
      String method, String path, @Nullable String contentType, byte[] body, Duration timeout)
      throws IOException, InterruptedException {
    String content = contentType == null ? null : new String(body, StandardCharsets.UTF_8);
    try (Streamed answer =
        exchange(method, path, contentType, content, timeout, timeout, timeout)) {
      byte[] bytes = answer.body().readNBytes(MAX_BODY);
      String text = new String(bytes, StandardCharsets.UTF_8);
      return new Answer(answer.status(), answer.retryAfter(), text);
    }
  }

  /**
   * Asks for something that is read as it comes.
   *
   * @param path the path below the server's address, with its query
   * @param timeout how long to wait for the answer to begin
   * @param patience how long to wait for the next bytes of its body
   * @param whole how long to wait for the end of its body
   * @throws IOException when there is no answer
   */
  Streamed get(String path, Duration timeout, Duration patience, Duration whole)
      throws IOException, InterruptedException {
    return exchange("GET", path, null, null, timeout, patience, whole);
  }

  private Streamed exchange(
      String method,
      String path,
      @Nullable String contentType,
      @Nullable String content,
      Duration timeout,
      Duration patience,
      Duration whole)
      throws IOException, InterruptedException {
    try {
      return ask(method, path, contentType, content, timeout, patience, whole);
    } catch (RuntimeException e) {
      // The client's own, a header that it refuses say
      throw new IOException(text(e), e);
    }
  }

  private Streamed ask(
      String method,
      String path,
      @Nullable String contentType,
      @Nullable String content,
      Duration timeout,
      Duration patience,
      Duration whole)
      throws IOException, InterruptedException {
    Client now = client;
    HttpRequest.Builder request =
        now.http()
            .newHttpRequestBuilder()
            .uri(below(now.server(), path))
            .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            .header("Accept", "application/json");
    if (content == null) {
      request.method(method, null, (String) null);
    } else {
      request.method(method, contentType, content);
    }
    ResponseBody body = new ResponseBody(patience, whole);
    HttpResponse<AsyncBody> response =
        await(
            now.http().consumeBytes(request.build(), (bytes, source) -> body.received(bytes)),
            timeout.plus(MARGIN));
    body.from(response.body());
    return new Streamed(response.code(), retryAfter(response.header("Retry-After")), body);
  }

  /** The path below a server's own, which a cluster behind a proxy has. */
  static URI below(String server, String path) {
    int end = server.length();
    while (end > 0 && server.charAt(end - 1) == '/') {
      end--;
    }
    return URI.create(server.substring(0, end) + path);
  }

  private static HttpResponse<AsyncBody> await(
      CompletableFuture<HttpResponse<AsyncBody>> future, Duration timeout)
      throws IOException, InterruptedException {
    try {
      return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(text(e), e);
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + timeout.toSeconds() + " s", e);
    } finally {
      future.cancel(true); // An answer that comes after all is let go
    }
  }

  /** A {@code Retry-After} in seconds, which is what the API server sends, within bounds. */
  static @Nullable Duration retryAfter(@Nullable String header) {
    if (header == null || header.isEmpty() || header.length() > 18) {
      return null;
    }
    for (int i = 0; i < header.length(); i++) {
      if (header.charAt(i) < '0' || header.charAt(i) > '9') {
        return null;
      }
    }
    Duration asked = Duration.ofSeconds(Long.parseLong(header));
    return asked.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : asked;
  }

  /**
   * What went wrong at the bottom of it, in a line. Of a parser, and of what refuses an argument,
   * only the position: their words quote what they were given, which may be a token.
   */
  static String text(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof ExecutionException
            || cause instanceof CompletionException
            || cause instanceof UncheckedIOException
            || cause instanceof KubernetesClientException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof JsonProcessingException unread) {
      return "cannot be understood" + at(unread.getLocation());
    }
    boolean own = cause instanceof KubernetesClientException;
    String message = cause instanceof RuntimeException && !own ? null : cause.getMessage();
    if (cause instanceof ConnectException && message == null) {
      return "cannot connect: refused, or nobody there";
    }
    String text =
        message == null || message.isBlank()
            ? cause instanceof IOException
                ? "the connection failed"
                : "a value of it has a form that cannot be used"
            : message.strip().replace('\n', ' ');
    return text.length() > MAX_ERROR ? text.substring(0, MAX_ERROR) + "…" : text;
  }

  private static String at(@Nullable JsonLocation location) {
    return location == null
        ? ""
        : " in line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  /** Lets go of the threads; requests under way fail. */
  @Override
  public void close() {
    client.http().close();
    http.close();
  }
}
