package io.seccompwatch.http;

import io.seccompwatch.http.Site.ResponseBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Compresses answers for clients that ask for gzip (RFC 9110, 12.5.3). One answer is compressed at
 * a time ({@link ResponseBudget}), and its memory is freed before it is written. Immutable.
 */
final class ContentCoding {

  /** Smaller answers gain nothing: they fit into a packet or two. */
  private static final int SMALLEST = 1_024;

  /** A header that is longer is none. */
  private static final int MAX_HEADER = 1_024;

  private static final String GZIP = "gzip";

  /** RFC 9110, 12.4.2. */
  private static final Pattern WEIGHT = Pattern.compile("[qQ]=(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)");

  private ContentCoding() {}

  /** Level 1: measured on metrics of 2,000 series, see the README. */
  private static final class FastGzip extends GZIPOutputStream {
    private FastGzip(OutputStream out) throws IOException {
      super(out, 8 * 1_024);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  /**
   * Returns the answer in the coding that the client asks for.
   *
   * @param acceptEncoding the Accept-Encoding header; null when there is none
   */
  static Response encode(Response response, @Nullable String acceptEncoding) {
    Response varying = response.with("Vary", "Accept, Accept-Encoding");
    if (response.body().length < SMALLEST || !prefersGzip(acceptEncoding)) {
      return varying;
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream(response.body().length / 8);
    try (OutputStream gzip = new FastGzip(body)) {
      gzip.write(response.body());
    } catch (IOException e) {
      return varying; // memory does not fail; what is there already is an answer, too
    }
    return new Response(
            response.status(), response.contentType(), body.toByteArray(), varying.headers())
        .with("Content-Encoding", GZIP);
  }

  /** Whether the client takes gzip and does not like an uncompressed answer better. */
  static boolean prefersGzip(@Nullable String header) {
    if (header == null || header.length() > MAX_HEADER) {
      return false;
    }
    int gzip = -1;
    int identity = -1;
    int any = -1;
    for (String element : header.split(",", -1)) {
      String[] parts = element.split(";", -1);
      int quality = quality(parts);
      switch (parts[0].strip().toLowerCase(Locale.ROOT)) {
        case GZIP, "x-gzip" -> gzip = Math.max(gzip, quality);
        case "identity" -> identity = quality;
        case "*" -> any = quality;
        default -> {
          // A coding that is not spoken here
        }
      }
    }
    int wanted = gzip >= 0 ? gzip : any;
    return wanted > 0 && wanted >= identity;
  }

  /** The weight in thousandths; 0 when it is none, so that such a coding is not chosen. */
  private static int quality(String[] parts) {
    if (parts.length == 1) {
      return 1_000;
    }
    String weight = parts[1].strip();
    boolean wellFormed = parts.length == 2 && WEIGHT.matcher(weight).matches();
    return wellFormed ? (int) Math.round(Double.parseDouble(weight.substring(2)) * 1_000) : 0;
  }
}
