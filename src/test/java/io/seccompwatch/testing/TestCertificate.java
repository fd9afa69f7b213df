package io.seccompwatch.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate that signs itself, and its key. Needs the JDK's {@code keytool}.
 *
 * @param certificate the certificate
 * @param key its key
 */
public record TestCertificate(X509Certificate certificate, PrivateKey key) {

  private static final String PASSWORD = "changeit";

  /**
   * Makes one, good for two days.
   *
   * @param work where its key is made
   * @param algorithm {@code RSA}, {@code EC} or {@code Ed25519}
   * @param name whom it is for, {@code dns:agent} or {@code ip:127.0.0.1}
   */
  public static TestCertificate make(Path work, String algorithm, String name)
      throws IOException, InterruptedException {
    Path store = Files.createTempDirectory(work, "key").resolve("key.p12");
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    List<String> command =
        List.of(
            keytool.toString(),
            "-genkeypair",
            "-alias",
            "server",
            "-keyalg",
            algorithm,
            "-dname",
            "CN=agent",
            "-ext",
            "san=" + name,
            "-ext",
            "bc:c",
            "-validity",
            "2",
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-keystore",
            store.toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("keytool failed: " + said);
    }
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(in, PASSWORD.toCharArray());
      return new TestCertificate(
          (X509Certificate) keys.getCertificate("server"),
          (PrivateKey) keys.getKey("server", PASSWORD.toCharArray()));
    } catch (GeneralSecurityException e) {
      throw new IOException("the key", e);
    }
  }

  /** The certificate as a PEM file has it. */
  public String certificatePem() {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** The key in PKCS#8. */
  public String keyPem() {
    return pem("PRIVATE KEY", key.getEncoded());
  }

  /** The key as OpenSSL 1 wrote it: PKCS#1 for RSA, SEC 1 for EC; what PKCS#8 has as its last. */
  public String oldKeyPem() {
    ByteBuffer der = ByteBuffer.wrap(key.getEncoded());
    enter(der);
    skip(der);
    skip(der);
    byte[] inner = new byte[enter(der)];
    der.get(inner);
    return pem(key.getAlgorithm() + " PRIVATE KEY", inner);
  }

  /** TLS for a client that trusts this certificate and no other. */
  public SSLContext trust() {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("ca", certificate);
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void skip(ByteBuffer der) {
    int length = enter(der);
    der.position(der.position() + length);
  }

  /** Reads a tag and a length. */
  private static int enter(ByteBuffer der) {
    der.get();
    int first = der.get() & 0xff;
    int length = first;
    if (first >= 0x80) {
      length = 0;
      for (int i = 0; i < first - 0x80; i++) {
        length = (length << 8) | (der.get() & 0xff);
      }
    }
    return length;
  }

  private static String pem(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }
}
