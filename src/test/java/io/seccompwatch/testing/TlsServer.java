package io.seccompwatch.testing;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * An HTTPS server on loopback with a certificate of its own, as an API server has one. Needs the
 * program {@code keytool} or {@code openssl}.
 */
public final class TlsServer implements AutoCloseable {

  private static final char[] PASSWORD = "changeit".toCharArray();

  private final HttpsServer server;
  private final String certificate;

  /**
   * Starts a server.
   *
   * @param work where its key is made
   * @param handler answers everything
   */
  public TlsServer(Path work, HttpHandler handler) throws IOException, InterruptedException {
    Path store = work.resolve("server-" + System.nanoTime() + ".p12");
    makeKey(store);
    try {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(store)) {
        keys.load(in, PASSWORD);
      }
      String alias = keys.aliases().nextElement();
      certificate =
          "-----BEGIN CERTIFICATE-----\n"
              + Base64.getMimeEncoder(64, new byte[] {'\n'})
                  .encodeToString(keys.getCertificate(alias).getEncoded())
              + "\n-----END CERTIFICATE-----\n";
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(keys, PASSWORD);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setHttpsConfigurator(new HttpsConfigurator(context));
    } catch (GeneralSecurityException e) {
      throw new IOException("the server's key", e);
    }
    server.setExecutor(
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "tls-server");
              thread.setDaemon(true);
              return thread;
            }));
    server.createContext("/", handler);
    server.start();
  }

  private static void makeKey(Path store) throws IOException, InterruptedException {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    if (Files.exists(keytool)) {
      run(
          List.of(
              keytool.toString(),
              "-genkeypair",
              "-alias",
              "api",
              "-keyalg",
              "EC",
              "-dname",
              "CN=api",
              "-ext",
              "san=ip:127.0.0.1",
              "-ext",
              "bc:c",
              "-validity",
              "2",
              "-storetype",
              "PKCS12",
              "-storepass",
              new String(PASSWORD),
              "-keystore",
              store.toString()));
      return;
    }
    Path key = Path.of(store + ".key");
    Path cert = Path.of(store + ".crt");
    run(
        List.of(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=api",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            key.toString(),
            "-out",
            cert.toString()));
    run(
        List.of(
            "openssl",
            "pkcs12",
            "-export",
            "-name",
            "api",
            "-inkey",
            key.toString(),
            "-in",
            cert.toString(),
            "-passout",
            "pass:" + new String(PASSWORD),
            "-out",
            store.toString()));
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command.getFirst() + " failed: " + said);
    }
  }

  /** Its port on 127.0.0.1. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Its certificate, PEM; also that of its authority. */
  public String certificate() {
    return certificate;
  }

  /** A kubeconfig that leads to it with a token. */
  public String kubeconfig(String token) {
    return """
    apiVersion: v1
    kind: Config
    current-context: test
    contexts: [{name: test, context: {cluster: test, user: test}}]
    clusters:
    - name: test
      cluster: {server: "https://127.0.0.1:%d", certificate-authority-data: %s}
    users: [{name: test, user: {token: %s}}]
    """
        .formatted(
            port(),
            Base64.getEncoder().encodeToString(certificate.getBytes(StandardCharsets.US_ASCII)),
            token);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
