package io.seccompwatch.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads certificates and private keys as they stand in PEM files (RFC 7468). What is wrong is told
 * without a word of what the file holds.
 */
final class PemFile {

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

  private record Block(String label, String body) {}

  private PemFile() {}

  /** The chain as it stands, the server's own certificate first. */
  static List<X509Certificate> certificates(byte[] pem) throws IOException {
    List<X509Certificate> chain = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Block block : blocks(pem)) {
        if (block.label().equals("CERTIFICATE")) {
          Certificate certificate =
              factory.generateCertificate(new ByteArrayInputStream(decode(block)));
          chain.add((X509Certificate) certificate);
        }
      }
    } catch (CertificateException e) {
      throw new IOException("holds a certificate that cannot be read", e);
    }
    if (chain.isEmpty()) {
      throw new IOException("holds no certificate");
    }
    return chain;
  }

  /**
   * The private key in PKCS#8, or as OpenSSL used to write keys: PKCS#1 for RSA, SEC 1 for EC.
   *
   * @param of the certificate's key, of which it must be the other half
   */
  static PrivateKey privateKey(byte[] pem, PublicKey of) throws IOException {
    for (Block block : blocks(pem)) {
      switch (block.label()) {
        case "PRIVATE KEY" -> {
          return key(decode(block), of);
        }
        case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
          if (block.body().contains("ENCRYPTED")) {
            throw encrypted();
          }
          return key(wrapped(decode(block), of), of);
        }
        case "ENCRYPTED PRIVATE KEY" -> throw encrypted();
        default -> {
          // The curve's parameters, or the certificate in the same file
        }
      }
    }
    throw new IOException("holds no private key");
  }

  private static IOException encrypted() {
    return new IOException("holds a key under a passphrase, which nobody can be asked for");
  }

  private static PrivateKey key(byte[] pkcs8, PublicKey of) throws IOException {
    try {
      return KeyFactory.getInstance(of.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "holds no " + of.getAlgorithm() + " key, as the certificate has one", e);
    }
  }

  /**
   * An old form as PKCS#8 (RFC 5958), which puts the algorithm before it: that stands in the
   * certificate's key, too.
   */
  private static byte[] wrapped(byte[] key, PublicKey of) throws IOException {
    try {
      ByteBuffer info = ByteBuffer.wrap(of.getEncoded());
      enter(info);
      int begin = info.position();
      int length = enter(info);
      byte[] algorithm = new byte[info.position() - begin + length];
      info.get(begin, algorithm);
      return tagged(SEQUENCE, VERSION_0, algorithm, tagged(OCTET_STRING, key));
    } catch (RuntimeException | InvalidKeyException e) {
      throw new IOException("holds a key that does not fit the certificate", e);
    }
  }

  /** Steps into a sequence; gives its length. */
  private static int enter(ByteBuffer der) throws InvalidKeyException {
    if ((der.get() & 0xff) != SEQUENCE) {
      throw new InvalidKeyException("no sequence");
    }
    int length = der.get() & 0xff;
    if (length < 0x80) {
      return length;
    }
    int long0 = 0;
    for (int bytes = length & 0x7f; bytes > 0; bytes--) {
      long0 = (long0 << 8) | (der.get() & 0xff);
    }
    return long0;
  }

  private static byte[] tagged(int tag, byte[]... parts) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      body.write(part);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(tag);
    int length = body.size();
    if (length < 0x80) {
      all.write(length);
    } else {
      // Two bytes are enough: no key is longer than 64 KiB
      all.write(0x82);
      all.write(length >> 8);
      all.write(length);
    }
    body.writeTo(all);
    return all.toByteArray();
  }

  private static List<Block> blocks(byte[] pem) {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(new String(pem, StandardCharsets.ISO_8859_1));
    while (matcher.find()) {
      blocks.add(new Block(matcher.group(1), matcher.group(2)));
    }
    return blocks;
  }

  private static byte[] decode(Block block) throws IOException {
    try {
      return Base64.getDecoder().decode(block.body().replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw new IOException("holds a block that is not Base64", e);
    }
  }
}
