package io.seccompwatch.violation;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.LOG;
import static io.seccompwatch.testing.Samples.X86_64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.testing.Samples;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract that users see, byte for byte. */
class ViolationJsonTest {

  private static final AuditStamp STAMP = new AuditStamp(1_795_342_823L, 836, 3, 15);

  @Test
  void aNamedViolationIsTheExampleOfTheContract() throws IOException {
    assertThat(line(Samples.denied(15), 0))
        .isEqualTo(
            """
            {"schema":"seccomp-watch/v1","time":"2026-11-22T10:20:23.836Z",\
            "auditId":"1795342823.836:15","node":"n1","source":"audit-log",\
            "verdict":"denied","action":"errno","code":"0x50000","signal":0,"arch":"x86_64",\
            "syscall":{"number":165,"name":"mount"},"ip":"0x439fea",\
            "process":{"pid":7355,"uid":0,"gid":0,"auid":null,"session":null,"comm":"kc",\
            "exe":"/bin/kc","label":null},\
            "attribution":{"outcome":"container","by":"procfs","reason":null},\
            "workload":{"namespace":"prod","pod":"api-7d9f-x2x","podUid":"uid-of-api-7d9f-x2x",\
            "container":"app","containerId":"containerd://id-of-api-7d9f-x2x",\
            "image":"registry.example/app:1","owner":{"kind":"Deployment","name":"api"},\
            "profile":{"type":"RuntimeDefault","localhostProfile":null}}}
            """);
  }

  @Test
  void whatIsNotKnownIsNullAndNeverInvented() throws IOException {
    SeccompRecord bare =
        new SeccompRecord(
            null,
            SeccompRecord.UNSET,
            1,
            2,
            SeccompRecord.UNSET,
            null,
            3,
            null,
            null,
            31,
            0,
            false,
            -1,
            0,
            0,
            0);
    Violation violation = new Violation(bare, null, "syslog", null, null, Samples.unknown());
    assertThat(line(violation, 0))
        .isEqualTo(
            """
            {"schema":"seccomp-watch/v1","time":null,"auditId":null,"node":null,"source":"syslog",\
            "verdict":"denied","action":"kill_thread","code":"0x0","signal":31,"arch":null,\
            "syscall":{"number":-1,"name":null},"ip":"0x0",\
            "process":{"pid":3,"uid":1,"gid":2,"auid":null,"session":null,"comm":null,"exe":null,\
            "label":null},"attribution":{"outcome":"unknown","by":null,"reason":"process_gone"},\
            "workload":null}
            """);
  }

  @Test
  void aContainerWithoutANamedPodHasItsIdsOnly() throws IOException {
    Attribution ids =
        new Attribution(Outcome.CONTAINER, Evidence.HISTORY, null, "uid", "cri-o://abc", null);
    JsonNode json = json(Samples.violation(Samples.record(1, ERRNO, "kc"), ids));
    assertThat(json.get("workload").toString())
        .isEqualTo(
            """
            {"namespace":null,"pod":null,"podUid":"uid","container":null,\
            "containerId":"cri-o://abc","image":null}\
            """);
    assertThat(json.at("/attribution/by").asText()).isEqualTo("history");
  }

  @Test
  void aPodWithoutAContainerSaysWhy() throws IOException {
    Attribution pod =
        new Attribution(
            Outcome.POD, Evidence.PROCFS, AttributionReason.CONTAINER_UNKNOWN, "uid", null, null);
    JsonNode json = json(Samples.violation(Samples.record(1, ERRNO, "kc"), pod));
    assertThat(json.at("/attribution/outcome").asText()).isEqualTo("pod");
    assertThat(json.at("/attribution/reason").asText()).isEqualTo("container_unknown");
    assertThat(json.at("/workload/podUid").asText()).isEqualTo("uid");
    assertThat(json.at("/workload/containerId").isNull()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "0x80000000, kill_process, denied",
    "0x0,        kill_thread,  denied",
    "0x30000,    trap,         denied",
    "0x50001,    errno,        denied",
    "0x7fc00000, user_notif,   denied",
    "0x7ff00000, trace,        denied",
    "0x7ffc0000, log,          logged",
    "0x7fff0000, allow,        logged",
    "0x12340000, unknown,      denied",
  })
  void theActionAndTheVerdictFollowTheCode(String code, String action, String verdict)
      throws IOException {
    int value = Integer.parseUnsignedInt(code.substring(2), 16);
    JsonNode json = json(Samples.violation(Samples.record(1, value, "kc"), Samples.unknown()));
    assertThat(json.get("code").asText()).isEqualTo(code);
    assertThat(json.get("action").asText()).isEqualTo(action);
    assertThat(json.get("verdict").asText()).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({
    "c000003e, 1,          x86_64",
    "c000003e, 1073741825, x32",
    "40000003, 1,          i386",
    "c00000b7, 1,          aarch64",
    "deadbeef, 1,          0xdeadbeef",
    "1,        1,          0x1",
  })
  void anAbiWithoutANameIsShownAsItsRawToken(String token, long number, String arch)
      throws IOException {
    SeccompRecord record =
        Samples.record(STAMP, Integer.parseUnsignedInt(token, 16), number, LOG, "kc", null);
    JsonNode json = json(Samples.violation(record, null, Samples.unknown()));
    assertThat(json.get("arch").asText()).isEqualTo(arch);
    assertThat(json.at("/syscall/number").asLong()).isEqualTo(number);
    assertThat(json.at("/syscall/name").isNull()).isTrue();
  }

  @Test
  void addressesAndCodesAreUnsigned() throws IOException {
    SeccompRecord record =
        new SeccompRecord(
            STAMP, 1000, 4_294_967_294L, 5, 3, "l", -1, "c", "e", 31, X86_64, true, 0, 0, -1L, -1);
    JsonNode json = json(Samples.violation(record, Samples.unknown()));
    assertThat(json.get("ip").asText()).isEqualTo("0xffffffffffffffff");
    assertThat(json.get("code").asText()).isEqualTo("0xffffffff");
    assertThat(json.at("/process/uid").asLong()).isEqualTo(4_294_967_294L);
    assertThat(json.at("/process/auid").asLong()).isEqualTo(1000);
    assertThat(json.at("/process/session").asLong()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\"},\"pod\":\"forged",
        "back\\slash",
        "two\nlines\r\n",
        "\u0000\u0001\u001b[31m\u007f",
        "\u202egnp.exe\u2066",
        "next\u2028line\u2029and\u0085",
        "invalid \ufffd utf-8",
        "lone \ud800 surrogate \udc00",
        "\ud83d\udca3",
        "{\"schema\":\"seccomp-watch/v1\"}",
      })
  void hostileTextStaysWithinItsFieldAndItsLine(String hostile) throws IOException {
    SeccompRecord record = Samples.record(STAMP, X86_64, 165, ERRNO, hostile, hostile);
    String line = line(Samples.violation(record, Samples.workload(hostile)), 0);

    assertThat(line).endsWith("}\n").hasLineCount(1).matches("[\\x20-\\x7e]*\\n");
    JsonNode json = new ObjectMapper().readTree(line);
    assertThat(json.at("/process/comm").asText()).isEqualTo(hostile);
    assertThat(json.at("/process/exe").asText()).isEqualTo(hostile);
    assertThat(json.at("/workload/pod").asText()).isEqualTo(hostile);
    assertThat(json.at("/workload/namespace").asText()).isEqualTo("prod");
  }

  @Test
  void linesThatWereLeftOutAreToldOnTheNextOne() throws IOException {
    assertThat(line(Samples.denied(1), 41)).endsWith(",\"suppressed\":41}\n");
    assertThat(line(Samples.denied(1), 0)).doesNotContain("suppressed");
  }

  @Test
  void aSumOfSuppressedOnesHasASchemaOfItsOwnAndIsReadBack() throws IOException {
    Suppressed sum =
        new Suppressed(STAMP.time(), "n1", Samples.workload("api-\u007f\u2028"), 40, 2);
    String line = line(sum);
    assertThat(line)
        .isEqualTo(
            """
            {"schema":"seccomp-watch/suppressed/v1","time":"2026-11-22T10:20:23.836Z",\
            "node":"n1","suppressed":42,"denied":40,"logged":2,\
            "attribution":{"outcome":"container"},\
            "workload":{"namespace":"prod","pod":"api-\\u007F\\u2028",\
            "podUid":"uid-of-api-\\u007F\\u2028","container":"app",\
            "containerId":"containerd://id-of-api-\\u007F\\u2028",\
            "image":"registry.example/app:1","owner":{"kind":"Deployment","name":"api"},\
            "profile":{"type":"RuntimeDefault","localhostProfile":null}}}
            """);
    Suppressed back = read(line);
    assertThat(back.count()).isEqualTo(42);
    assertThat(back.attribution())
        .isNotNull()
        .returns("uid-of-api-\u007f\u2028", Attribution::podUid);

    Suppressed ofSeveral = new Suppressed(STAMP.time(), null, null, 1, 0);
    assertThat(read(line(ofSeveral))).isEqualTo(ofSeveral);
  }

  @Test
  void aSumThatIsNoneIsRefused() {
    assertThatThrownBy(() -> read("{\"schema\":\"seccomp-watch/suppressed/v1\",\"denied\":-1}"))
        .isInstanceOf(IOException.class);
  }

  private static Suppressed read(String line) throws IOException {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return Objects.requireNonNull(new ViolationReader().readSuppressed(bytes, 0, bytes.length));
  }

  private static String line(Suppressed sum) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ViolationJson().writeLine(sum, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static JsonNode json(Violation violation) throws IOException {
    return new ObjectMapper().readTree(line(violation, 0));
  }

  private static String line(Violation violation, long suppressed) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ViolationJson().writeLine(violation, suppressed, out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
