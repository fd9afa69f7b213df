package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayCommandTest {

  private static final String LOG =
      record(1, "kc", "/bin/kc", "c000003e", 165, "0x50000")
          + record(2, "nginx", "/usr/sbin/nginx", "c000003e", 250, "0x7ffc0000")
          + record(3, "kc", "/bin/kc", "40000003", 21, "0x80000000")
          + "type=USER_LOGIN msg=audit(1795342826.000:9): pid=1 uid=0\n"
          + record(4, "kc", "/bin/kc", "c000003e", 99999, "0x50000");

  @TempDir Path directory = Path.of("");
  private String corpus = "";

  @BeforeEach
  void takesTheLinesOfTheCorpus() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(getClass().getResourceAsStream("/corpus/records.jsonl"))) {
      StringBuilder lines = new StringBuilder();
      ObjectMapper json = new ObjectMapper();
      for (String row : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        lines.append(json.readTree(row).get("line").asText()).append('\n');
      }
      corpus = lines.toString();
    }
  }

  @Test
  void theTableIsAligned() {
    Cli.Ran ran = Cli.runOn(LOG, "replay", "--utc");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out())
        .isEqualTo(
            """
            TIME                     ACTION        SYSCALL  ARCH    PID   COMM   EXE
            2026-11-22 10:20:21.000  errno         mount    x86_64  7355  kc     /bin/kc
            2026-11-22 10:20:22.000  log           keyctl   x86_64  7355  nginx  /usr/sbin/nginx
            2026-11-22 10:20:23.000  kill_process  mount    i386    7355  kc     /bin/kc
            2026-11-22 10:20:24.000  errno         99999    x86_64  7355  kc     /bin/kc
            """);
    assertThat(ran.err())
        .isEqualTo(
            "lines 5, records 4, shown 4, filtered 0, duplicates 0, rejected 0, lost notices 0\n");
  }

  @Test
  void theSummaryCountsTheMostFrequentFirst() {
    String again = record(5, "kc", "/bin/kc", "c000003e", 165, "0x50000");
    Cli.Ran ran = Cli.runOn(LOG + again, "replay", "--utc", "--output", "summary");
    assertThat(ran.out().lines().map(line -> line.strip().replaceAll(" {2,}", "|")))
        .containsExactly(
            "COUNT|ACTION|SYSCALL|ARCH|FIRST|LAST|WHO",
            "2|errno|mount|x86_64|2026-11-22 10:20:21.000|2026-11-22 10:20:25.000|/bin/kc",
            "1|errno|99999|x86_64|2026-11-22 10:20:24.000|2026-11-22 10:20:24.000|/bin/kc",
            "1|kill_process|mount|i386|2026-11-22 10:20:23.000|2026-11-22 10:20:23.000|/bin/kc",
            "1|log|keyctl|x86_64|2026-11-22 10:20:22.000|2026-11-22 10:20:22.000"
                + "|/usr/sbin/nginx");
  }

  @Test
  void theSummaryOfAnEndlessPathIsBounded() {
    String path = record(1, "kc", "/" + "x".repeat(4_000), "c000003e", 165, "0x50000");
    Cli.Ran ran = Cli.runOn(path, "replay", "--output", "summary");
    assertThat(ran.out()).hasLineCount(2).hasSizeLessThan(700).endsWith("x…\n");
  }

  @Test
  void jsonIsALineOfTheSchemaForEach() throws IOException {
    List<String> lines = Cli.runOn(LOG, "replay", "--output", "json").out().lines().toList();
    assertThat(lines).hasSize(4);
    JsonNode first = new ObjectMapper().readTree(lines.getFirst());
    assertThat(first.get("schema").asText()).isEqualTo("seccomp-watch/v1");
    assertThat(first.at("/attribution/reason").asText()).isEqualTo("not_attempted");
    assertThat(first.get("node").isNull()).isTrue();
  }

  /** A log of many nodes: which one it was, and that equal stamps of two nodes are two records. */
  @Test
  void jsonSaysTheNodeThatTheLineNames() throws IOException {
    String record = record(1, "nginx", "/usr/sbin/nginx", "c000003e", 425, "0x50000");
    String kernel = record.replace("type=SECCOMP msg=", "kernel: [  123.456789] audit: type=1326 ");
    String lines =
        "node=node-1 "
            + record
            + "Nov 30 20:01:06 node-2 "
            + kernel
            + "Nov 30 20:01:06 node-1.example "
            + kernel;
    Cli.Ran ran = Cli.runOn(lines, "replay", "--output", "json");
    ObjectMapper json = new ObjectMapper();
    List<String> nodes = new ArrayList<>();
    for (String line : ran.out().lines().toList()) {
      nodes.add(json.readTree(line).get("node").asText());
    }
    assertThat(nodes).containsExactly("node-1", "node-2");
    assertThat(ran.err()).contains("records 3, shown 2, filtered 0, duplicates 1,");
    String again = Cli.runOn(ran.out(), "replay", "--output", "json").out();
    assertThat(again).isEqualTo(ran.out());
  }

  @Test
  void ownLinesReplayedGiveTheSameLinesAgain() {
    String once = Cli.runOn(corpus, "replay", "--output", "json", "--keep-duplicates").out();
    assertThat(once.lines().count()).isGreaterThan(150);
    assertThat(Cli.runOn(once, "replay", "--output", "json", "--keep-duplicates").out())
        .isEqualTo(once);
  }

  /** The agent had paired both forms of one event; alike hours later are two events. */
  @Test
  void ownLinesWithoutAStampAreNotTakenForThoseWithOne() {
    String own = Cli.runOn(LOG, "replay", "--output", "json").out().lines().findFirst().orElse("");
    String stampless = own.replaceAll("\"auditId\":\"[^\"]*\"", "\"auditId\":null");
    assertThat(Cli.runOn(own + "\n" + stampless + "\n", "replay", "--output", "json").out())
        .hasLineCount(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--syscall=mount                        | 1 3",
        "--syscall=165                          | 1",
        "--syscall=mount,keyctl                 | 1 2 3",
        "--syscall=99999                        | 4",
        "--action=errno                         | 1 4",
        "--action=log --action=kill_process     | 2 3",
        "--arch=i386                            | 3",
        "--arch=40000003                        | 3",
        "--arch=SCMP_ARCH_X86                   | 3",
        "--arch=amd64,AUDIT_ARCH_AARCH64        | 1 2 4",
        "--comm=nginx                           | 2",
        "--exe=/bin/kc                          | 1 3 4",
        "--exe=/bin/kc --action=errno           | 1 4",
        "--namespace=prod                       | ''",
        "--pod=api                              | ''",
        "--since=2026-11-22T10:20:23Z           | 3 4",
        "--until=2026-11-22T10:20:23Z           | 1 2",
        "--since=2026-11-22T11:20:23+01:00      | 3 4",
        "--since=2026-11-22T10:20:22 --until=2026-11-22T10:20:24 --utc | 2 3",
        "--since=2026-11-23 --utc               | ''",
        "--until=2026-11-23 --utc               | 1 2 3 4",
      })
  void aFilterShowsWhatItAsksFor(String options, String serials) throws IOException {
    Cli.Ran ran = Cli.runOn(LOG, ("replay --output json " + options.strip()).split(" ", -1));
    StringBuilder shown = new StringBuilder();
    for (String line : ran.out().lines().toList()) {
      String id = new ObjectMapper().readTree(line).get("auditId").asText();
      shown.append(id.substring(id.indexOf(':') + 1)).append(' ');
    }
    assertThat(shown.toString().strip()).isEqualTo(serials);
    assertThat(ran.exit()).isZero();
  }

  /** It would find nothing, and seem to say that nothing happened. */
  @ParameterizedTest
  @ValueSource(
      strings = {"--syscall=mounf", "--syscall=mount,keyctrl", "--action=Errno", "--arch=x64"})
  void aFilterThatNothingCanMatchIsRefused(String option) {
    Cli.Ran ran = Cli.runOn(LOG, "replay", option);
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).hasLineCount(1).startsWith("seccomp-watch: " + option.split("=", 2)[0]);
  }

  @Test
  void severalFilesPlainOrNotAreOneInput() throws IOException {
    Path plain = Files.writeString(directory.resolve("a.log"), LOG);
    Path zipped = directory.resolve("named-as-you-like");
    Files.write(zipped, gzip(record(7, "x", "/x", "c000003e", 1, "0x50000")));
    Cli.Ran ran = Cli.runOn(LOG, "replay", plain.toString(), zipped.toString(), "-");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).hasLineCount(6);
    assertThat(ran.err()).contains("lines 11, records 9, shown 5, filtered 0, duplicates 4");
    assertThat(Cli.runOn("", "replay", "--keep-duplicates", plain + "", plain + "").out())
        .hasLineCount(9);
  }

  /** As {@code cat a.gz b.gz} gives them, and a pipe brings them: in pieces of any size. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, 100_000})
  void gzipMembersInARowAreReadToTheLast(int piece) throws IOException {
    ByteArrayOutputStream members = new ByteArrayOutputStream();
    for (int i = 1; i <= 20; i++) {
      members.write(gzip(record(i, "kc", "/bin/kc", "c000003e", 165, "0x50000")));
    }
    InputStream pipe =
        new ByteArrayInputStream(members.toByteArray()) {
          @Override
          public synchronized int read(byte[] into, int from, int length) {
            return super.read(into, from, Math.min(length, piece));
          }

          @Override
          public synchronized int available() {
            return 0;
          }
        };
    assertThat(Cli.runOn(pipe, "replay").err()).contains("lines 20, records 20");
  }

  @Test
  void whatIsLeftOfATornGzipIsShownAndTheRestIsAnError() throws IOException {
    byte[] whole = gzip(corpus.repeat(5));
    Path torn = directory.resolve("torn.gz");
    Files.write(torn, Arrays.copyOf(whole, whole.length / 2));
    Cli.Ran ran = Cli.run("replay", torn.toString());
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out()).isNotEmpty();
    assertThat(ran.err().lines().filter(line -> !line.contains(" note: ")))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("seccomp-watch: replay: " + torn + ": ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "directory", "below/missing", "nul\0"})
  void aFileThatCannotBeReadIsAnErrorAndTheOthersAreRead(String name) throws IOException {
    Files.createDirectory(directory.resolve("directory"));
    Cli.Ran ran = Cli.runOn(LOG, "replay", directory + "/" + name, "-");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out()).hasLineCount(5);
    assertThat(ran.err())
        .startsWith("seccomp-watch: replay: " + directory)
        .hasLineCount(2)
        .endsWith("lost notices 0\n");
  }

  @Test
  void anEmptyInputIsABalanceOfNothing() {
    assertThat(Cli.run("replay"))
        .isEqualTo(
            new Cli.Ran(
                0,
                "",
                "lines 0, records 0, shown 0, filtered 0, duplicates 0, rejected 0, lost notices"
                    + " 0\n"));
  }

  @Test
  void binaryGarbageIsLinesAndNothingElse() {
    byte[] garbage = new byte[1 << 20];
    new Random(1).nextBytes(garbage);
    Cli.Ran ran = Cli.runOn(new ByteArrayInputStream(garbage), "replay");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("records 0, shown 0").hasLineCount(1);
  }

  @Test
  void aLongLineCostsItsNeighboursNothing() {
    String line = "type=SECCOMP msg=audit(1.0:1): " + "x".repeat(1 << 20) + "\n";
    assertThat(Cli.runOn(LOG + line + LOG.replace(":1)", ":8)"), "replay").err())
        .contains("lines 11, records 8, shown 5", "rejected 1 (line_too_long 1)");
  }

  @Test
  void brokenLinesOfOurOwnAreRejectedAndForeignOnesAreNotOurs() {
    assertThat(Cli.runOn("{\"schema\":\"seccomp-watch/v1\"}\n{\n{\"a\":1}\n", "replay").err())
        .contains("lines 3, records 0", "rejected 1 (malformed 1)");
  }

  @Test
  void aReaderThatWentAwayIsNoFailureAndNoNoise() {
    assertThat(Cli.run(stream(LOG), failing("Broken pipe"), "replay"))
        .isEqualTo(new Cli.Ran(0, "", ""));
  }

  @Test
  void aFullDiskIsAnErrorOfOneLine() {
    assertThat(Cli.run(stream(corpus.repeat(20)), failing("No space left on device"), "replay"))
        .isEqualTo(
            new Cli.Ran(
                1, "", "seccomp-watch: replay: standard output: No space left on device\n"));
  }

  @ParameterizedTest
  @CsvSource({"always, true", "never, false", "auto, false"})
  void colourIsForTerminalsOrOnDemand(String when, boolean coloured) {
    assertThat(Cli.runOn(LOG, "replay", "--color", when).out().contains("\u001b["))
        .isEqualTo(coloured);
  }

  @Test
  void hostileNamesCannotMoveTheCursor() {
    String hostile = record(1, "kc", "/bin/kc", "c000003e", 165, "0x50000");
    String comm =
        HexFormat.of()
            .withUpperCase()
            .formatHex("\u001b[2J\u202e".getBytes(StandardCharsets.UTF_8));
    for (String output : List.of("table", "summary", "json")) {
      assertThat(
              Cli.runOn(
                      hostile.replace("\"kc\"", comm).replace("\"/bin/kc\"", comm),
                      "replay",
                      "--output",
                      output)
                  .out())
          .matches("[\\x20-\\x7e\\n]+");
    }
  }

  private static String record(
      int second, String comm, String exe, String arch, int syscall, String code) {
    return "type=SECCOMP msg=audit(%d.000:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7355"
            .formatted(1_795_342_820L + second, second)
        + " comm=\"%s\" exe=\"%s\" sig=0 arch=%s syscall=%d compat=0 ip=0x439fea code=%s\n"
            .formatted(comm, exe, arch, syscall, code);
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static OutputStream failing(String message) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(message);
      }
    };
  }
}
