import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Answers the agent as an API server would, over TLS on loopback, for as long as the AOT cache is
 * trained: one pod, a watch that stays silent, and every Event taken.
 */
final class TrainingApiServer implements AutoCloseable {

  private static final String PASSWORD = "training";

  private static final String PODS =
      """
      {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{\
      "metadata":{"name":"api-7d9f-x2x","namespace":"prod","uid":"3f8a1b2c-4d5e-6f70-8192-a3b4c5d6e7f8",\
      "labels":{"pod-template-hash":"7d9f"},"ownerReferences":[{"kind":"ReplicaSet","name":"api-7d9f",\
      "controller":true}]},"spec":{"nodeName":"n1","containers":[{"name":"app","image":"app:1"}]},\
      "status":{"containerStatuses":[{"name":"app","containerID":"containerd://7d7d","state":{"running":\
      {"startedAt":"2026-11-22T10:00:00Z"}},"lastState":{}}]}}]}
      """;

  private static final String CHANGE =
      """
      {"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"8"}}}
      """;

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Path token;

  /** Starts it, with its key and an account in {@code directory}. */
  TrainingApiServer(Path directory) throws IOException, InterruptedException {
    Path keys = directory.resolve("server.p12");
    keytool(
        List.of(
            "-genkeypair",
            "-alias",
            "server",
            "-keyalg",
            "EC",
            "-dname",
            "CN=training",
            "-ext",
            "san=ip:127.0.0.1",
            "-storetype",
            "PKCS12",
            "-keystore",
            keys.toString()));
    Path certificate = directory.resolve("ca.crt");
    keytool(
        List.of(
            "-exportcert",
            "-rfc",
            "-alias",
            "server",
            "-file",
            certificate.toString(),
            "-keystore",
            keys.toString()));
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls(keys)));
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
    token = Files.writeString(directory.resolve("token"), "training");
  }

  /** The environment of a pod, in which the agent finds it. */
  Map<String, String> environment() {
    return Map.of(
        "KUBERNETES_SERVICE_HOST", "127.0.0.1",
        "KUBERNETES_SERVICE_PORT", Integer.toString(server.getAddress().getPort()),
        "KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", token.toString());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange;
        InputStream request = exchange.getRequestBody()) {
      request.readAllBytes();
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      boolean post = exchange.getRequestMethod().equals("POST");
      boolean watch = query.contains("watch=1");
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(post ? 201 : 200, 0);
      try (OutputStream body = exchange.getResponseBody()) {
        body.write((post ? "{}" : watch ? CHANGE : PODS).getBytes(StandardCharsets.UTF_8));
        body.flush();
        if (watch) {
          Thread.sleep(60_000);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  private static SSLContext tls(Path keys) throws IOException {
    try (InputStream in = Files.newInputStream(keys)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, PASSWORD.toCharArray());
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, PASSWORD.toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static void keytool(List<String> arguments) throws IOException, InterruptedException {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    List<String> command = new java.util.ArrayList<>(List.of(keytool.toString()));
    command.addAll(arguments);
    command.addAll(List.of("-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("keytool failed: " + said);
    }
  }
}
