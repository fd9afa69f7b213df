package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every collected line, real and made, with the fields that it must yield, or none. */
class RecordCorpusTest {

  record Row(String form, String line, JsonNode expect) {
    @Override
    public String toString() {
      return form + ": " + line.substring(0, Math.min(90, line.length())).replace('\n', '↵');
    }
  }

  static List<Row> rows() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Row> rows = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    RecordCorpusTest.class.getResourceAsStream("/corpus/records.jsonl")),
                StandardCharsets.UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        JsonNode row = json.readTree(text);
        rows.add(new Row(row.get("form").asText(), row.get("line").asText(), row.get("expect")));
      }
    }
    return rows;
  }

  static Stream<Row> records() throws IOException {
    return rows().stream().filter(row -> !row.expect.isNull());
  }

  static Stream<Row> others() throws IOException {
    return rows().stream().filter(row -> row.expect.isNull());
  }

  @Test
  void theCorpusHasBothKindsOfLines() throws IOException {
    assertThat(records()).hasSizeGreaterThan(150);
    assertThat(others()).hasSizeGreaterThan(100);
  }

  @ParameterizedTest
  @MethodSource("records")
  void aRecordYieldsItsFields(Row row) {
    Line line = parse(row.line);
    assertThat(line).isInstanceOf(Line.Recognised.class);
    SeccompRecord record = ((Line.Recognised) line).record();
    JsonNode expect = row.expect;

    assertThat(record.stamp() == null ? null : record.stamp().id())
        .isEqualTo(
            expect.has("time")
                ? expect.get("time").asText() + ":" + expect.get("serial").asText()
                : null);
    assertThat(record.auid()).isEqualTo(expect.get("auid").asLong());
    assertThat(record.uid()).isEqualTo(expect.get("uid").asLong());
    assertThat(record.gid()).isEqualTo(expect.get("gid").asLong());
    assertThat(record.session()).isEqualTo(expect.get("ses").asLong());
    assertThat(record.pid()).isEqualTo(expect.get("pid").asInt());
    assertThat(record.label()).isEqualTo(text(expect, "subj"));
    assertThat(record.comm()).isEqualTo(text(expect, "comm"));
    assertThat(record.exe()).isEqualTo(text(expect, "exe"));
    assertThat(record.signal()).isEqualTo(expect.get("sig").asInt());
    assertThat(record.hasArch()).isEqualTo(expect.has("arch"));
    if (expect.has("arch")) {
      assertThat(Integer.toHexString(record.archToken())).isEqualTo(expect.get("arch").asText());
    }
    assertThat(record.syscall()).isEqualTo(expect.get("syscall").asLong());
    assertThat(record.compat()).isEqualTo(expect.get("compat").asInt());
    assertThat(record.ip()).isEqualTo(hex(expect, "ip"));
    assertThat(record.code()).isEqualTo((int) hex(expect, "code"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void anythingElseIsNoRecord(Row row) {
    assertThat(parse(row.line)).isNotInstanceOf(Line.Recognised.class);
  }

  private static Line parse(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new LineParser(Dialect.ANY).parse(bytes, 0, bytes.length);
  }

  private static @Nullable String text(JsonNode node, String field) {
    return node.hasNonNull(field) ? node.get(field).asText() : null;
  }

  private static long hex(JsonNode node, String field) {
    return Long.parseUnsignedLong(node.get(field).asText().substring(2), 16);
  }
}
