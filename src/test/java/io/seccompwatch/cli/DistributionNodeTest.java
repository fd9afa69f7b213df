package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The built program in a shell, as people use it; wants {@code mvn package} to have run. */
@Tag("node")
class DistributionNodeTest {

  private static final Path PROGRAM = Path.of("target/seccomp-watch/bin/seccomp-watch");

  @TempDir Path directory = Path.of("");

  @BeforeEach
  void needsTheDistribution() {
    assumeTrue(Files.isExecutable(PROGRAM), "needs target/seccomp-watch: run mvn package");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "$SW --version              | 0",
        "$SW syscall mount          | 0",
        "$SW syscall nonsense       | 1",
        "$SW replay /nowhere        | 1",
        "$SW replay --frobnicate    | 2",
        "$SW                        | 2",
        "$SW replay < /dev/null     | 0",
      })
  void theExitCodeReachesTheShell(String command, int exit) throws Exception {
    assertThat(shell(command).exit()).isEqualTo(exit);
  }

  @Test
  void aReaderThatHasSeenEnoughEndsItSilently() throws Exception {
    Path log = records(100_000);
    Cli.Ran ran = shell("set -o pipefail; $SW replay " + log + " | head -1");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).startsWith("TIME ").hasLineCount(1);
    assertThat(ran.err()).isEmpty();
  }

  @Test
  void aFullDiskIsAnErrorOfOneLine() throws Exception {
    Cli.Ran ran = shell("$SW replay " + records(10) + " > /dev/full");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err())
        .isEqualTo("seccomp-watch: replay: standard output: No space left on device\n");
  }

  @Test
  void aLineOfAHundredMegabytesIsPassedOver() throws Exception {
    Path log = records(3);
    Cli.Ran ran =
        shell(
            "(cat "
                + log
                + "; printf 'type=SECCOMP '; head -c 104857600 /dev/zero | tr '\\0' x;"
                + " echo; cat "
                + log
                + ") | SECCOMP_WATCH_JAVA_OPTS=-Xmx16m $SW replay -");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.err())
        .isEqualTo(
            "lines 7, records 6, shown 3, filtered 0, duplicates 3,"
                + " rejected 1 (line_too_long 1), lost notices 0\n");
  }

  @Test
  void gzipComesThroughAPipeWhole() throws Exception {
    Path log = records(20_000);
    Cli.Ran ran =
        shell("(gzip -c " + log + "; gzip -c " + log + ") | $SW replay --output summary -");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.err()).startsWith("lines 40000, records 40000, shown 20000");
  }

  @Test
  void anUnreadableFileIsAnErrorOfOneLine() throws Exception {
    Path log = records(1);
    Cli.Ran ran =
        shell(
            "chmod 000 "
                + log
                + "; chmod 755 "
                + directory
                + "; [ $(id -u) != 0 ] || drop='setpriv --reuid=65534 --clear-groups';"
                + " $drop $SW replay "
                + log);
    assumeTrue(!ran.err().contains("setpriv"), "needs setpriv");
    assumeTrue(!ran.err().contains("$SW"), "the program itself is out of nobody's reach");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err())
        .startsWith("seccomp-watch: replay: " + log + ": permission denied\n")
        .hasLineCount(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "damaged   | head -c 100000 /dev/urandom > $CACHE",
        "empty     | : > $CACHE",
        "missing   | true",
        "of others | cp $LIB/seccomp-watch.jar $CACHE",
      })
  void goesOnWithoutACacheThatItCannotUseAndSaysSoOnce(String what, String make) throws Exception {
    // A copy without the caches; junit does not like links that lead out of its directory.
    Cli.Ran ran =
        shell(
            "set -e; home=$PWD/target/seccomp-watch; LIB=$home/lib; copy="
                + directory
                + "/copy; mkdir -p $copy/bin $copy/lib; cp $SW $copy/bin/;"
                + " ln -s $home/runtime $copy/runtime; trap 'rm $copy/runtime' EXIT;"
                + " cp -p $LIB/*.jar $LIB/*.options $copy/lib/;"
                + " CACHE=$copy/lib/seccomp-watch.aot; "
                + make
                + "; $copy/bin/seccomp-watch syscall mount");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("165").hasLineCount(1);
    assertThat(ran.err())
        .as(what)
        .startsWith("seccomp-watch: started without the AOT cache " + directory)
        .hasLineCount(1);
  }

  @Test
  void saysNothingOfTheCacheThatItUses() throws Exception {
    assertThat(shell("$SW syscall mount").err()).isEmpty();
  }

  /** The answer to scanners in .vex/seccomp-watch.openvex.json rests on it. */
  @ParameterizedTest
  @ValueSource(strings = {"glob", "glob64", "regcomp", "regexec"})
  void theRuntimeImportsNoFunctionWhoseFaultsWeCallUnreachable(String function) throws Exception {
    Path runtime = PROGRAM.resolveSibling("../runtime").normalize();
    try (var files = Files.walk(runtime)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".so")).toList()) {
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(bytes.contains("\0" + function + "\0")).as("%s", file).isFalse();
      }
    }
  }

  private Path records(int count) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 1; i <= count; i++) {
      lines
          .append("type=SECCOMP msg=audit(1795342823.836:")
          .append(i)
          .append("): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7355 comm=\"kc\"")
          .append(" exe=\"/bin/kc\" sig=0 arch=c000003e syscall=165 compat=0 ip=0x439fea")
          .append(" code=0x50000\n");
    }
    return Files.writeString(directory.resolve("audit.log"), lines);
  }

  private Cli.Ran shell(String command) throws IOException, InterruptedException {
    File out = directory.resolve("out").toFile();
    File err = directory.resolve("err").toFile();
    ProcessBuilder shell = new ProcessBuilder("bash", "-c", command);
    shell.environment().put("SW", PROGRAM.toAbsolutePath().toString());
    Process process =
        shell
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectOutput(out)
            .redirectError(err)
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends in a minute").isTrue();
      return new Cli.Ran(
          process.exitValue(), Files.readString(out.toPath()), Files.readString(err.toPath()));
    } finally {
      process.destroyForcibly();
    }
  }
}
