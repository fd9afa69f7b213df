package io.seccompwatch.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The server's certificate chain and key, and the TLS made of them. The files may be renewed at any
 * time: it is their content that is looked at, whatever links lead to it. What cannot be used
 * changes nothing. Thread-safe.
 */
public final class TlsFiles {

  private static final int MAX_FILE_BYTES = 1 << 20;

  /** TLS 1.2 without tickets leaves a session behind for each handshake; the JDK keeps 20,480. */
  private static final int MAX_SESSIONS = 256;

  /** A file, and what is wrong with it or its content. */
  public static final class BadTlsException extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Path file;
    private final String text;

    BadTlsException(Path file, String what) {
      super(file + " " + what);
      this.file = file;
      this.text = file + " " + what;
    }

    /** The file. */
    public Path file() {
      return file;
    }

    /** The file and what is wrong with it. */
    public String text() {
      return text;
    }
  }

  /**
   * How the files are doing.
   *
   * @param notAfter when the certificate that is served ends to be good
   * @param failures how often new content could not be used
   * @param problem why the content that is there now cannot be used; null when it can
   */
  public record Status(Instant notAfter, long failures, @Nullable String problem) {}

  @SuppressWarnings("ArrayRecordComponent") // compared by content below
  private record Content(byte[] certificates, byte[] key) {
    private boolean is(Content other) {
      return Arrays.equals(certificates, other.certificates) && Arrays.equals(key, other.key);
    }
  }

  private record Loaded(SSLContext context, Instant notAfter) {}

  private final Path certificateFile;
  private final Path keyFile;
  private volatile Loaded loaded;
  private volatile Status status;
  private Content current;
  private @Nullable Content refused;

  /**
   * Reads both files.
   *
   * @throws BadTlsException when they cannot be used, with the file and the reason
   */
  public TlsFiles(Path certificateFile, Path keyFile) throws BadTlsException {
    this.certificateFile = certificateFile;
    this.keyFile = keyFile;
    this.current = read();
    this.loaded = load(current);
    this.status = new Status(loaded.notAfter(), 0, null);
  }

  /** The TLS for new connections; those that are open keep theirs. */
  SSLContext context() {
    return loaded.context();
  }

  /** How the files are doing. */
  public Status status() {
    return status;
  }

  /** Takes what the files hold now, when it is new and can be used; says whether it did. */
  public synchronized boolean look() {
    Content now = null;
    try {
      now = read();
      if (now.is(current)) {
        refused = null;
        status = new Status(loaded.notAfter(), status.failures(), null);
        return false;
      }
      if (refused != null && now.is(refused)) {
        return false;
      }
      loaded = load(now);
      current = now;
      refused = null;
      status = new Status(loaded.notAfter(), status.failures(), null);
      return true;
    } catch (BadTlsException e) {
      refuse(now, e);
      return false;
    }
  }

  /** Between the two reads the links may have been turned: then it is looked at next time. */
  private void refuse(@Nullable Content bad, BadTlsException why) {
    if (bad != null) {
      try {
        if (!read().is(bad)) {
          return;
        }
      } catch (BadTlsException e) {
        return;
      }
    }
    boolean known = bad == null && why.text().equals(status.problem());
    refused = bad;
    status =
        new Status(
            loaded.notAfter(), known ? status.failures() : status.failures() + 1, why.text());
  }

  private Content read() throws BadTlsException {
    return new Content(read(certificateFile), read(keyFile));
  }

  private static byte[] read(Path file) throws BadTlsException {
    if (Files.exists(file) && !Files.isRegularFile(file)) { // a FIFO would wait for its writer
      throw new BadTlsException(file, "is no regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw new BadTlsException(file, "is larger than 1 MiB");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new BadTlsException(file, "is not there");
    } catch (AccessDeniedException e) {
      throw new BadTlsException(file, "may not be read");
    } catch (IOException e) {
      throw new BadTlsException(file, "cannot be read (" + e.getMessage() + ")");
    }
  }

  private Loaded load(Content content) throws BadTlsException {
    List<X509Certificate> chain;
    try {
      chain = PemFile.certificates(content.certificates());
    } catch (IOException e) {
      throw new BadTlsException(certificateFile, String.valueOf(e.getMessage()));
    }
    X509Certificate own = chain.getFirst();
    try {
      PrivateKey key = PemFile.privateKey(content.key(), own.getPublicKey());
      if (!fit(key, own.getPublicKey())) {
        throw new BadTlsException(keyFile, "is not the key of the certificate " + certificateFile);
      }
      return new Loaded(context(key, chain), own.getNotAfter().toInstant());
    } catch (IOException e) {
      throw new BadTlsException(keyFile, String.valueOf(e.getMessage()));
    } catch (GeneralSecurityException e) {
      throw new BadTlsException(
          keyFile, "cannot be used with " + certificateFile + " (" + e.getMessage() + ")");
    }
  }

  /** Whether what the one signs is good for the other. */
  private static boolean fit(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
    String algorithm =
        switch (certified.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> certified.getAlgorithm();
        };
    byte[] text = "seccomp-watch".getBytes(StandardCharsets.US_ASCII);
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(text);
    byte[] signed = signature.sign();
    signature.initVerify(certified);
    signature.update(text);
    return signature.verify(signed);
  }

  private static SSLContext context(PrivateKey key, List<X509Certificate> chain)
      throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {new SingleKeyManager(key, chain)}, null, null);
    context.getServerSessionContext().setSessionCacheSize(MAX_SESSIONS);
    return context;
  }

  /** The one key of a server: no key store, and no passphrase to keep it under. Immutable. */
  static final class SingleKeyManager extends X509ExtendedKeyManager {

    private static final String ALIAS = "server";

    private final PrivateKey key;
    private final List<X509Certificate> chain;

    SingleKeyManager(PrivateKey key, List<X509Certificate> chain) {
      this.key = key;
      this.chain = List.copyOf(chain);
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return keyType.equals(key.getAlgorithm()) ? ALIAS : null;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return chooseServerAlias(keyType, issuers, null);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return keyType.equals(key.getAlgorithm()) ? new String[] {ALIAS} : null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return chain.toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return key;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }
  }
}
