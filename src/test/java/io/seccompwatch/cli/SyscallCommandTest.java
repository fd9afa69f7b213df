package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.syscall.SyscallTables;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class SyscallCommandTest {
  private record Ran(int exit, String out, String err) {}

  @Test
  void namesANumber() {
    assertThat(run("165")).isEqualTo(new Ran(0, "165\tmount\tx86_64\n", ""));
  }

  @Test
  void numbersAName() {
    assertThat(run("keyctl")).isEqualTo(new Ran(0, "250\tkeyctl\tx86_64\n", ""));
  }

  @Test
  void answersInTheOrderOfTheQuestions() {
    assertThat(run("mount", "0", "0xfa", "0XA5").out())
        .isEqualTo(
            "165\tmount\tx86_64\n0\tread\tx86_64\n250\tkeyctl\tx86_64\n165\tmount\tx86_64\n");
  }

  @ParameterizedTest
  @CsvSource({
    "aarch64, mount, 40",
    "i386, mount, 21",
    "riscv64, execve, 221",
    "s390x, mount, 21",
    "mips, mount, 4021",
    "x32, execve, 1073742344",
    "arm, set_tls, 983045",
    "amd64, mount, 165",
    "arm64, mount, 40",
    "ppc64el, mount, 21",
    "AARCH64, mount, 40",
    "c00000b7, msync, 227",
    "0xc00000b7, msync, 227",
    "0XC00000B7, msync, 227",
    "AUDIT_ARCH_X86_64, mount, 165",
    "SCMP_ARCH_AARCH64, mount, 40",
    "x86-64, mount, 165",
    "16, mount, 21",
    "386, mount, 21",
  })
  void looksIntoTheTableOfTheAbiAskedFor(String arch, String name, String number) {
    assertThat(run("--arch", arch, name).out()).startsWith(number + "\t" + name + "\t");
    assertThat(run("--arch=" + arch, number).out()).startsWith(number + "\t" + name + "\t");
  }

  @ParameterizedTest
  @CsvSource({
    "amd64, x86_64",
    "aarch64, aarch64",
    "x86, i386",
    "arm, arm",
    "ppc64le, ppc64le",
    "s390x, s390x",
    "riscv64, riscv64",
    "loongarch64, loongarch64",
  })
  void theDefaultIsTheMachinesOwnAbi(String machine, String label) {
    assertThat(runOn(machine, "execve").out()).endsWith("\texecve\t" + label + "\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sys_mount", "SYS_mount", "__NR_mount"})
  void acceptsTheSpellingsOfSources(String name) {
    assertThat(run(name).out()).isEqualTo("165\tmount\tx86_64\n");
  }

  @Test
  void aNameThatBeginsLikeAPrefixIsTakenAsItIs() {
    assertThat(run("--arch", "ppc", "sys_debug_setcontext").out())
        .isEqualTo("256\tsys_debug_setcontext\tppc\n");
  }

  @Test
  void sayWhatIsUnknownAndPrintsTheRest() {
    assertThat(run("mount", "foo", "165"))
        .isEqualTo(
            new Ran(
                1,
                "165\tmount\tx86_64\n165\tmount\tx86_64\n",
                "seccomp-watch: unknown syscall: 'foo': not in the x86_64 table\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "99999",
        "99999999999999999999",
        "0x",
        "0xg",
        "12mount",
        "0x40000000",
        "0x-5",
        "Mount",
        "sys_",
        "sys_sys_mount"
      })
  void unknownIsUnknown(String call) {
    assertThat(run("--", call))
        .isEqualTo(
            new Ran(
                1,
                "",
                "seccomp-watch: unknown syscall: '" + call + "': not in the x86_64 table\n"));
  }

  @Test
  void aNegativeNumberIsUnknownToo() {
    assertThat(run("--", "-1").exit()).isEqualTo(1);
  }

  @Test
  void showsACallInEveryAbi() {
    Ran ran = run("--arch", "all", "mount");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out())
        .contains("165\tmount\tx86_64\n", "1073741989\tmount\tx32\n", "21\tmount\tppc64le\n")
        .hasLineCount(new SyscallTables().supported().size());
  }

  @Test
  void everyAbiThatHasNoneIsLeftOut() {
    assertThat(run("--arch", "all", "riscv_hwprobe"))
        .isEqualTo(new Ran(0, "258\triscv_hwprobe\triscv32\n258\triscv_hwprobe\triscv64\n", ""));
    assertThat(run("--arch", "all", "nonsense"))
        .isEqualTo(
            new Ran(1, "", "seccomp-watch: unknown syscall: 'nonsense': not in any table\n"));
  }

  @Test
  void listsATable() {
    Ran ran = run("--list");
    assertThat(ran.exit()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out())
        .startsWith("0\tread\n1\twrite\n2\topen\n")
        .endsWith("471\trseq_slice_yield\n")
        .doesNotContain("#");
    assertThat(run("--list", "--arch", "i386").out()).startsWith("0\trestart_syscall\n1\texit\n");
  }

  @Test
  void listsEveryTableWithItsAbi() {
    assertThat(run("--list", "--arch", "all").out())
        .startsWith("0\tread\tx86_64\n")
        .contains("\n40\tmount\taarch64\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"vax", "", "unknown"})
  void aWrongAbiIsWrongUsage(String arch) {
    Ran ran = run("--arch", arch, "mount");
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith(
            "seccomp-watch: unknown architecture: '" + arch + "': give --arch all or one of ")
        .contains(" x86_64, x32, i386, aarch64, ")
        .hasLineCount(1);
  }

  @Test
  void aMachineWithoutATableMustBeTold() {
    assertThat(runOn("vax", "mount").err())
        .startsWith("seccomp-watch: unknown architecture: of this machine, 'vax': give --arch all");
    assertThat(runOn("vax", "--arch", "i386", "mount").exit()).isZero();
  }

  @Test
  void wantsEitherCallsOrAList() {
    assertThat(run())
        .isEqualTo(
            new Ran(
                2,
                "",
                "seccomp-watch: wrong usage: nothing to look up: give a name or number, or"
                    + " --list\n"));
    assertThat(run("--list", "mount"))
        .isEqualTo(
            new Ran(
                2,
                "",
                "seccomp-watch: wrong usage: --list with 'mount': leave out one of the two\n"));
  }

  @Test
  void anUnknownOptionIsWrongUsage() {
    assertThat(run("--lost").exit()).isEqualTo(2);
  }

  @Test
  void helpShowsExamples() {
    Ran ran = run("--help");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out())
        .contains("Usage: syscall", "--arch", "--list", "NAME|NUMBER")
        .contains("Examples:\n  seccomp-watch syscall 165");
  }

  @Test
  void theConstructorOfUsersTakesThisMachine() {
    assertThat(run(new SyscallCommand(), "execve").exit()).isZero();
  }

  private static Ran run(String... args) {
    return runOn("amd64", args);
  }

  private static Ran runOn(String machine, String... args) {
    return run(new SyscallCommand(new SyscallTables(), machine), args);
  }

  private static Ran run(SyscallCommand command, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int exit =
        new CommandLine(command)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(args);
    return new Ran(exit, out.toString(), err.toString());
  }
}
