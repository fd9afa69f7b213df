package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContentCodingTest {

  private static final Response LARGE = new Response(200, "text/plain", new byte[100_000]);

  /** RFC 9110, 12.4.2 and 12.5.3. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "none                            | false",
        "''                              | false",
        "gzip                            | true",
        "GZip                            | true",
        "x-gzip                          | true",
        "deflate, gzip;q=1.0, *;q=0.5    | true",
        "gzip ; q=0.001                  | true",
        "gzip;q=0                        | false",
        "gzip;q=0.000                    | false",
        "gzip;q=0, *                     | false",
        "*                               | true",
        "*;q=0                           | false",
        "identity                        | false",
        "identity, gzip                  | true",
        "identity;q=1, gzip;q=0.5        | false",
        "identity;q=0.5, gzip;q=0.5      | true",
        "identity;q=0, *;q=0.1           | true",
        "deflate, br, zstd               | false",
        "gzipped                         | false",
        "gzip;q=2                        | false",
        "gzip;q=-1                       | false",
        "gzip;q=0.1234                   | false",
        "gzip;q=                         | false",
        "gzip;q=NaN                      | false",
        "gzip;level=9                    | false",
        "gzip;q=1;q=0                    | false",
        ",;,;;=,gzip                     | true",
      })
  void gzip_is_for_clients_that_ask_for_it(String header, boolean gzip) {
    assertThat(ContentCoding.prefersGzip(header)).isEqualTo(gzip);
  }

  @Test
  void an_endless_header_is_taken_for_none() {
    assertThat(ContentCoding.prefersGzip("gzip" + ",x".repeat(1_000))).isFalse();
  }

  @Test
  void a_compressed_answer_says_so_and_is_the_same_answer() throws IOException {
    Response answer = ContentCoding.encode(LARGE.with("X", "y"), "gzip");
    assertThat(answer.headers())
        .containsEntry("Content-Encoding", "gzip")
        .containsEntry("Vary", "Accept, Accept-Encoding")
        .containsEntry("X", "y");
    assertThat(answer.body()).hasSizeLessThan(1_000);
    try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
      assertThat(body.readAllBytes()).isEqualTo(LARGE.body());
    }
  }

  @Test
  void an_answer_that_is_not_compressed_tells_caches_that_it_could_be() {
    assertThat(ContentCoding.encode(LARGE, null).headers())
        .containsEntry("Vary", "Accept, Accept-Encoding")
        .doesNotContainKey("Content-Encoding");
  }

  @Test
  void a_small_answer_gains_nothing() {
    Response small = Response.text(503, "too many answers are being read\n");
    assertThat(ContentCoding.encode(small, "gzip").body()).isEqualTo(small.body());
  }
}
