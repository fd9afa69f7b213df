package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.CgroupOwner.InContainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random and mutated texts, from a fixed seed. */
final class CgroupParserPropertyTest {
  private static final long SEED = 20261122;
  private static final String SPOOFED =
      "/kubepods/besteffort/poda0b0c003-1234-4abc-8def-000000001003/" + "5".repeat(64);

  @Test
  void randomBytesNeverThrow() {
    Random random = new Random(SEED);
    CgroupParser parser = new CgroupParser(CgroupAnchor.NONE);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      assertThat(parser.parse(bytes, bytes.length)).isNotNull();
      assertThat(CgroupAnchor.of(latin1(bytes), null)).isNotNull();
    }
  }

  @Test
  void mutatedTextsNeverThrow() throws IOException {
    Random random = new Random(SEED);
    List<CgroupCorpus.Row> rows = CgroupCorpus.rows();
    byte[] special = ":/.-_\n\r 0 (deleted)podkubes\0".getBytes(StandardCharsets.ISO_8859_1);
    for (int i = 0; i < 50_000; i++) {
      CgroupCorpus.Row row = rows.get(random.nextInt(rows.size()));
      byte[] bytes = row.text().getBytes(StandardCharsets.ISO_8859_1);
      for (int m = random.nextInt(6); m >= 0 && bytes.length > 0; m--) {
        bytes[random.nextInt(bytes.length)] = special[random.nextInt(special.length)];
      }
      int length = random.nextInt(bytes.length + 1);
      assertThat(new CgroupParser(row.anchor()).parse(bytes, length)).isNotNull();
      assertThat(CgroupAnchor.of(latin1(bytes), "x")).isNotNull();
    }
  }

  @Test
  void whatAContainerMakesBelowItselfNeverChangesTheAnswer() throws IOException {
    Random random = new Random(SEED);
    List<String> below =
        List.of(
            SPOOFED,
            "/init.scope",
            "/:cri-containerd:" + "6".repeat(64),
            "/crio-conmon-x.scope",
            "/docker/" + "7".repeat(64),
            "/a (deleted)",
            "/x.mount",
            "/kata_overhead/y");
    for (CgroupCorpus.Row row : CgroupCorpus.rows()) {
      InContainer expected = row.expected();
      if (expected == null || expected.podUid() == null || expected.containerId() == null) {
        continue;
      }
      for (int i = 0; i < 200; i++) {
        StringBuilder text = new StringBuilder();
        String suffix =
            below.get(random.nextInt(below.size())) + below.get(random.nextInt(below.size()));
        for (String line : row.text().strip().replace("\r", "").split("\n", -1)) {
          boolean inside = line.contains(expected.containerId());
          text.append(line.replace(" (deleted)", "")).append(inside ? suffix : "").append('\n');
        }
        assertThat(new CgroupParser(row.anchor()).parse(text.toString())).isEqualTo(expected);
      }
    }
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
