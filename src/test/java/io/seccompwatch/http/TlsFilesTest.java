package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.testing.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TlsFilesTest {

  @TempDir private static Path keys = Path.of("");
  private static TestCertificate rsa;
  private static TestCertificate ec;
  private static TestCertificate other;
  private static TestCertificate edwards;

  @TempDir private Path work;
  private Path certificate = Path.of("");
  private Path key = Path.of("");

  @BeforeAll
  static void makeKeys() throws Exception {
    rsa = TestCertificate.make(keys, "RSA", "ip:127.0.0.1");
    ec = TestCertificate.make(keys, "EC", "ip:127.0.0.1");
    other = TestCertificate.make(keys, "EC", "ip:127.0.0.1");
    edwards = TestCertificate.make(keys, "Ed25519", "ip:127.0.0.1");
  }

  @BeforeEach
  void places() {
    certificate = work.resolve("tls.crt");
    key = work.resolve("tls.key");
  }

  private TlsFiles files() throws TlsFiles.BadTlsException {
    return new TlsFiles(certificate, key);
  }

  private void write(String certificatePem, String keyPem) throws IOException {
    Files.writeString(certificate, certificatePem);
    Files.writeString(key, keyPem);
  }

  @Test
  void takes_keys_in_the_forms_that_people_have() throws Exception {
    for (TestCertificate each : new TestCertificate[] {rsa, ec, edwards}) {
      write(each.certificatePem(), each.keyPem());
      assertThatCode(this::files).doesNotThrowAnyException();
    }
    for (TestCertificate each : new TestCertificate[] {rsa, ec}) {
      write(each.certificatePem(), each.oldKeyPem());
      assertThatCode(this::files).doesNotThrowAnyException();
    }
  }

  @Test
  void takes_both_from_one_file_with_words_and_a_curve_before_them() throws Exception {
    String curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    Files.writeString(
        certificate,
        "subject=CN = agent\r\n"
            + ec.certificatePem()
            + curve
            + ec.oldKeyPem()
            + rsa.certificatePem());
    TlsFiles files = new TlsFiles(certificate, certificate);
    assertThat(files.status())
        .isEqualTo(new TlsFiles.Status(ec.certificate().getNotAfter().toInstant(), 0, null));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none    | key     | tls.crt is not there",
        "cert    | none    | tls.key is not there",
        "empty   | key     | tls.crt holds no certificate",
        "key     | key     | tls.crt holds no certificate",
        "garbage | key     | tls.crt holds a certificate that cannot be read",
        "cut     | key     | tls.crt holds no certificate",
        "cert    | empty   | tls.key holds no private key",
        "cert    | cert    | tls.key holds no private key",
        "cert    | secret  | tls.key holds a key under a passphrase, which nobody can be asked for",
        "cert    | old-secret | tls.key holds a key under a passphrase, which nobody can be asked"
            + " for",
        "cert    | garbled | tls.key holds no EC key, as the certificate has one",
        "cert    | text    | tls.key holds a block that is not Base64",
        "cert    | rsa     | tls.key holds no EC key, as the certificate has one",
        "cert    | rsa-old | tls.key holds no EC key, as the certificate has one",
        "cert    | other   | tls.key is not the key of the certificate",
        "huge    | key     | tls.crt is larger than 1 MiB",
      })
  void what_cannot_be_used_is_told_by_file_and_reason(String first, String second, String message)
      throws IOException {
    fill(certificate, first);
    fill(key, second);
    assertThatThrownBy(this::files)
        .isInstanceOf(TlsFiles.BadTlsException.class)
        .message()
        .startsWith(work.resolve(message).toString())
        .hasLineCount(1);
  }

  private void fill(Path file, String what) throws IOException {
    String text =
        switch (what) {
          case "none" -> null;
          case "cert" -> ec.certificatePem();
          case "key" -> ec.keyPem();
          case "other" -> other.keyPem();
          case "rsa" -> rsa.keyPem();
          case "rsa-old" -> rsa.oldKeyPem();
          case "empty" -> "";
          case "garbage" -> block("CERTIFICATE", "AAAA");
          case "cut" -> ec.certificatePem().substring(0, 200);
          case "secret" -> block("ENCRYPTED PRIVATE KEY", "AAAA");
          case "old-secret" ->
              block("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB12\n\nAAAA");
          case "garbled" -> block("PRIVATE KEY", "AAAA");
          case "text" -> block("PRIVATE KEY", "no Base64!");
          case "huge" -> "x".repeat((1 << 20) + 1);
          default -> throw new AssertionError(what);
        };
    if (text != null) {
      Files.writeString(file, text);
    }
  }

  private static String block(String label, String body) {
    return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
  }

  @Test
  void a_secret_whose_link_is_turned_is_taken_as_a_whole() throws Exception {
    version("..1", rsa.certificatePem(), rsa.keyPem());
    turn("..1");
    Files.createSymbolicLink(certificate, Path.of("..data", "tls.crt"));
    Files.createSymbolicLink(key, Path.of("..data", "tls.key"));
    TlsFiles files = files();
    SSLContext before = files.context();
    assertThat(files.look()).isFalse();
    assertThat(files.context()).isSameAs(before);

    version("..2", ec.certificatePem(), ec.keyPem());
    // As old as the version before: only the content tells
    Files.setLastModifiedTime(
        work.resolve("..2/tls.crt"), Files.getLastModifiedTime(work.resolve("..1/tls.crt")));
    turn("..2");
    assertThat(files.look()).isTrue();
    assertThat(files.context()).isNotSameAs(before);
    assertThat(files.status())
        .isEqualTo(new TlsFiles.Status(ec.certificate().getNotAfter().toInstant(), 0, null));
    assertThat(files.look()).isFalse();
  }

  private void version(String name, String certificatePem, String keyPem) throws IOException {
    Path directory = Files.createDirectory(work.resolve(name));
    Files.writeString(directory.resolve("tls.crt"), certificatePem);
    Files.writeString(directory.resolve("tls.key"), keyPem);
  }

  private void turn(String version) throws IOException {
    Path link = Files.createSymbolicLink(work.resolve("..data_tmp"), Path.of(version));
    Files.move(link, work.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void a_broken_pair_keeps_the_old_one_and_is_counted_once() throws Exception {
    write(ec.certificatePem(), ec.keyPem());
    TlsFiles files = files();
    SSLContext before = files.context();

    write(other.certificatePem(), ec.keyPem());
    for (int i = 0; i < 3; i++) {
      assertThat(files.look()).isFalse();
      assertThat(files.status().failures()).isEqualTo(1);
      assertThat(files.status().problem())
          .isEqualTo(key + " is not the key of the certificate " + certificate);
    }
    assertThat(files.context()).isSameAs(before);

    write("", ec.keyPem());
    assertThat(files.look()).isFalse();
    assertThat(files.status().failures()).as("broken in another way").isEqualTo(2);

    write(other.certificatePem(), other.keyPem());
    assertThat(files.look()).isTrue();
    assertThat(files.status())
        .isEqualTo(new TlsFiles.Status(other.certificate().getNotAfter().toInstant(), 2, null));
  }

  @Test
  void a_file_that_is_gone_is_a_problem_until_it_is_back() throws Exception {
    write(ec.certificatePem(), ec.keyPem());
    TlsFiles files = files();
    Files.delete(key);
    for (int i = 0; i < 3; i++) {
      assertThat(files.look()).isFalse();
      assertThat(files.status().problem()).isEqualTo(key + " is not there");
      assertThat(files.status().failures()).isEqualTo(1);
    }
    Files.writeString(key, ec.keyPem());
    assertThat(files.look()).as("it is the old one").isFalse();
    assertThat(files.status().problem()).isNull();
  }
}
