package io.seccompwatch.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.profile.Profile.Condition;
import io.seccompwatch.profile.Profile.Rule;
import io.seccompwatch.profile.ProfileReader.ProfileException;
import io.seccompwatch.record.SeccompAction;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read of a seccomp profile, and which texts are none. */
class ProfileReaderTest {

  /** The shape of containerd's default profile as it stands in a container's configuration. */
  private static final String CONTAINERD =
      """
      {"defaultAction":"SCMP_ACT_ERRNO",
       "architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],
       "syscalls":[
         {"names":["accept","read","write"],"action":"SCMP_ACT_ALLOW"},
         {"names":["personality"],"action":"SCMP_ACT_ALLOW",
          "args":[{"index":0,"value":4294967295,"op":"SCMP_CMP_EQ"}]},
         {"names":["clone"],"action":"SCMP_ACT_ALLOW",
          "args":[{"index":0,"value":2114060288,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]},
         {"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}
      """;

  /** The shape of the file that Podman and CRI-O ship. */
  private static final String CONTAINERS_COMMON =
      """
      {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"defaultErrno":"ENOSYS",
       "archMap":[{"architecture":"SCMP_ARCH_X86_64",
                   "subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]},
                  {"architecture":"SCMP_ARCH_S390X","subArchitectures":null}],
       "syscalls":[
         {"names":["bdflush","uselib"],"action":"SCMP_ACT_ERRNO","args":[],"comment":"",
          "includes":{},"excludes":{},"errnoRet":1,"errno":"EPERM"},
         {"name":"read","action":"SCMP_ACT_ALLOW","args":null}]}
      """;

  static Profile read(String json) throws IOException, ProfileException {
    return read(json, ProfileReader.Form.DOCKER);
  }

  private static Profile read(String json, ProfileReader.Form form)
      throws IOException, ProfileException {
    return ProfileReader.read(
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), form);
  }

  @Test
  void aRuleOfTheOldFormIsNoneInAnOciConfiguration() throws Exception {
    String old =
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
            + "\"syscalls\":[{\"name\":\"chmod\",\"action\":\"SCMP_ACT_ERRNO\"}]}";
    assertThat(read(old, ProfileReader.Form.OCI).actions()).containsExactly(SeccompAction.ALLOW);
    assertThat(read(old, ProfileReader.Form.DOCKER).actions())
        .containsExactlyInAnyOrder(SeccompAction.ALLOW, SeccompAction.ERRNO);
  }

  /** runc and libseccomp-golang keep the low 16 bits; only an errno is held to its bound. */
  @ParameterizedTest
  @CsvSource({
    "SCMP_ACT_ERRNO, 0, 0",
    "SCMP_ACT_ERRNO, 4094, 4094",
    "SCMP_ACT_ERRNO, 65549, 13",
    "SCMP_ACT_TRACE, 5000, 5000",
    "SCMP_ACT_ALLOW, 5000, 5000",
  })
  void anErrnoIsWhatTheRuntimesMakeOfIt(String action, long said, int meant) throws Exception {
    String rules =
        "\"syscalls\":[{\"names\":[\"chmod\"],\"action\":\"%s\",\"errnoRet\":%d}]"
            .formatted(action, said);
    Profile profile = read("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," + rules + "}");
    assertThat(profile.rules().getFirst().errno()).isEqualTo(meant);
    Profile byDefault =
        read("{\"defaultAction\":\"%s\",\"defaultErrnoRet\":%d}".formatted(action, said));
    assertThat(byDefault.defaultErrno()).isEqualTo(meant);
  }

  @Test
  void theProfileOfAContainerdContainerIsReadWhole() throws Exception {
    assertThat(read(CONTAINERD))
        .isEqualTo(
            new Profile(
                SeccompAction.ERRNO,
                null,
                List.of(),
                List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
                List.of(
                    new Rule(
                        List.of("accept", "read", "write"), SeccompAction.ALLOW, null, List.of()),
                    new Rule(
                        List.of("personality"),
                        SeccompAction.ALLOW,
                        null,
                        List.of(new Condition(0, "SCMP_CMP_EQ", 4_294_967_295L, 0))),
                    new Rule(
                        List.of("clone"),
                        SeccompAction.ALLOW,
                        null,
                        List.of(new Condition(0, "SCMP_CMP_MASKED_EQ", 2_114_060_288L, 0))),
                    new Rule(List.of("clone3"), SeccompAction.ERRNO, 38, List.of()))));
  }

  @Test
  void theProfileFileOfPodmanIsReadWithItsArchMap() throws Exception {
    Profile profile = read(CONTAINERS_COMMON);
    assertThat(profile.defaultErrno()).isEqualTo(38);
    assertThat(profile.architectures())
        .containsExactly("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_S390X");
    assertThat(profile.rules())
        .containsExactly(
            new Rule(List.of("bdflush", "uselib"), SeccompAction.ERRNO, 1, List.of()),
            new Rule(List.of("read"), SeccompAction.ALLOW, null, List.of()));
    assertThat(profile.actions())
        .containsExactlyInAnyOrder(SeccompAction.ERRNO, SeccompAction.ALLOW);
    assertThat(profile.logs()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "SCMP_ACT_KILL,         KILL_THREAD",
    "SCMP_ACT_KILL_THREAD,  KILL_THREAD",
    "SCMP_ACT_KILL_PROCESS, KILL_PROCESS",
    "SCMP_ACT_TRAP,         TRAP",
    "SCMP_ACT_ERRNO,        ERRNO",
    "SCMP_ACT_NOTIFY,       USER_NOTIF",
    "SCMP_ACT_TRACE,        TRACE",
    "SCMP_ACT_LOG,          LOG",
    "SCMP_ACT_ALLOW,        ALLOW",
  })
  void everyActionOfTheSpecificationIsKnown(String name, SeccompAction action) throws Exception {
    assertThat(read("{\"defaultAction\":\"" + name + "\"}").defaultAction()).isEqualTo(action);
  }

  @Test
  void aRuleWithoutNamesMatchesNothingAndReturnsNothing() throws Exception {
    Profile profile =
        read(
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":"
                + "[{\"names\":[],\"action\":\"SCMP_ACT_ERRNO\"}]}");
    assertThat(profile.rules()).isEmpty();
    assertThat(profile.actions()).containsExactly(SeccompAction.ALLOW);
  }

  @Test
  void theFlagIsSeenAmongOthers() throws Exception {
    Profile profile =
        read(
            "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":"
                + "[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_LOG\"]}");
    assertThat(profile.logs()).isTrue();
  }

  @Test
  void aNumberOf64BitsIsKeptBitByBit() throws Exception {
    Profile profile =
        read(
            "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
                + "\"SCMP_ACT_LOG\",\"args\":[{\"index\":5,\"value\":18446744073709551615,"
                + "\"valueTwo\":9223372036854775808,\"op\":\"SCMP_CMP_NE\"}]}]}");
    assertThat(profile.rules().getFirst().conditions())
        .containsExactly(new Condition(5, "SCMP_CMP_NE", -1, Long.MIN_VALUE));
  }

  /** What Go's encoding/json, by which runtimes read, makes of it. */
  static Stream<Arguments> asGoReads() {
    String deny = "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\"}";
    String log = "[\"SECCOMP_FILTER_FLAG_LOG\"]";
    return Stream.of(
        Arguments.of("{\"DEFAULTACTION\":\"SCMP_ACT_ERRNO\",\"Flags\":" + log + "}", "ERRNO", true),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultaction\":\"SCMP_ACT_LOG\"}",
            "LOG",
            false),
        Arguments.of("{\"defaultAction\":\"SCMP_ACT_LOG\",\"defaultAction\":null}", "LOG", false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":" + log + ",\"flags\":[]}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":" + log + ",\"flags\":null}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":[\"SECCOMP_FILTER_FLAG_FUTURE\"]}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[" + deny + "],\"syscalls\":[]}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"\u017fyscalls\":[" + deny + "]}",
            "ERRNO,LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"Names\":[\"a\"],\"names\":[],"
                + "\"action\":\"SCMP_ACT_ERRNO\"}]}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[null,\"\",\"a b\"],"
                + "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"INDEX\":null,\"op\":null}]}]}",
            "LOG",
            false),
        Arguments.of(
            "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"name\":\"a\","
                + "\"Action\":\"SCMP_ACT_ERRNO\"}]}",
            "ERRNO,LOG",
            false));
  }

  @ParameterizedTest
  @MethodSource("asGoReads")
  void aProfileIsReadAsRuntimesReadIt(String json, String actions, boolean logs) throws Exception {
    Profile profile = read(json);
    assertThat(profile.actions().stream().map(Enum::name).sorted().collect(Collectors.joining(",")))
        .isEqualTo(actions);
    assertThat(profile.logs()).isEqualTo(logs);
  }

  static Stream<Arguments> hostile() {
    String action = "\"defaultAction\":\"SCMP_ACT_ALLOW\"";
    String rule = "{" + action + ",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\"";
    String errno = rule.replace("SCMP_ACT_LOG", "SCMP_ACT_ERRNO") + ",\"errnoRet\":";
    return Stream.of(
        Arguments.of("", "the profile is not an object"),
        Arguments.of("[]", "the profile is not an object"),
        Arguments.of("{}", "there is no defaultAction"),
        Arguments.of("{" + action, "end-of-input"),
        Arguments.of("{\"defaultAction\":7}", "an action is not a text"),
        Arguments.of("{\"defaultAction\":\"SCMP_ACT_PERHAPS\"}", "'SCMP_ACT_PERHAPS' is no action"),
        Arguments.of("{\"defaultAction\":\"a\\nb\"}", "printable characters"),
        Arguments.of("{\"defaultAction\":\"" + "a".repeat(129) + "\"}", "1 to 128"),
        Arguments.of("{\"defaultAction\":\"" + "a".repeat(9_000) + "\"}", "exceeds the maximum"),
        Arguments.of("{" + action + ",\"flags\":\"LOG\"}", "flags is not an array"),
        Arguments.of("{" + action + ",\"flags\":[null]}", "a flag is not a text"),
        Arguments.of("{" + action + ",\"syscalls\":{}}", "syscalls is not an array"),
        Arguments.of("{" + action + ",\"syscalls\":[7]}", "an item of syscalls is not an object"),
        Arguments.of("{" + action + ",\"syscalls\":[{\"names\":[\"a\"]}]}", "has no action"),
        Arguments.of(rule + ",\"errnoRet\":-1}]}", "not from 0 to 2^64-1"),
        Arguments.of(errno + "4095}]}", "not below 4095"),
        Arguments.of(errno + "70000}]}", "not below 4095"),
        Arguments.of(rule + ",\"errnoRet\":1.5}]}", "not a whole number"),
        Arguments.of(rule + ",\"args\":[{\"index\":6}]}]}", "index is not from 0 to 5"),
        Arguments.of(
            rule + ",\"args\":[{\"value\":18446744073709551616}]}]}", "not from 0 to 2^64-1"),
        Arguments.of(rule + ",\"args\":[" + many("{}", 65) + "]}]}", "more than 64 args"),
        Arguments.of("{" + action + ",\"flags\":[" + many("\"F\"", 65) + "]}", "more than 64"),
        Arguments.of(
            "{"
                + action
                + ",\"syscalls\":["
                + many("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\"}", 4_097)
                + "]}",
            "more than 4096 rules"),
        Arguments.of(
            "{" + action + ",\"syscalls\":[{\"names\":[" + many("\"a\"", 16_385) + "]}]}",
            "more than 16384 names"),
        Arguments.of("{\"x\":" + "[".repeat(100) + "]".repeat(100) + "}", "nesting depth"),
        Arguments.of(
            "{\"x\":\"" + "a".repeat(ProfileReader.MAX_BYTES) + "\"}", "larger than 1048576"));
  }

  private static String many(String item, int times) {
    return IntStream.range(0, times).mapToObj(i -> item).collect(Collectors.joining(","));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void whatIsNoProfileIsRefusedInWords(String json, String words) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining(words);
  }
}
