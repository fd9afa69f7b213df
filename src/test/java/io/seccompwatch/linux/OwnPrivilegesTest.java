package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.OwnPrivileges.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over procfs trees as kernels show them. */
class OwnPrivilegesTest {

  @TempDir Path proc = Path.of("");

  @Test
  void theInitialUserAndPidNamespacesHaveNumbersOfTheirOwn() throws IOException {
    link("user", "user:[4026531837]");
    link("pid", "pid:[4026532245]");
    OwnPrivileges standing = OwnPrivileges.of(proc);
    assertThat(standing.user()).isEqualTo(Place.INITIAL);
    assertThat(standing.pid()).isEqualTo(Place.OTHER);
  }

  @ParameterizedTest
  @CsvSource({
    "4026531833, false, false, INITIAL", // Linux 6.18 gives it a number
    "4026531840, true, true, INITIAL",
    "4026532245, false, true, OTHER",
    "4026531992, false, false, UNKNOWN", // /proc/sys is hidden
    ", false, false, UNKNOWN",
    ", true, true, INITIAL",
  })
  void theInitialNetworkNamespaceShowsInTheSysctlsThatOnlyItHas(
      @Nullable String number, boolean ofInitial, boolean ofEach, Place network)
      throws IOException {
    if (number != null) {
      link("net", "net:[" + number + "]");
    }
    Path core = Files.createDirectories(proc.resolve("sys/net/core"));
    if (ofInitial) {
      Files.createFile(core.resolve("netdev_max_backlog"));
    }
    if (ofEach) {
      Files.createFile(core.resolve("somaxconn"));
    }
    assertThat(OwnPrivileges.of(proc).network()).isEqualTo(network);
  }

  @Test
  void capabilitiesAreTheEffectiveOnes() throws IOException {
    Files.createDirectories(proc.resolve("self"));
    Files.writeString(
        proc.resolve("self/status"),
        "Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t0000002000000000\nCapBnd:\t0\n");
    OwnPrivileges standing = OwnPrivileges.of(proc);
    assertThat(standing.has(OwnPrivileges.CAP_AUDIT_READ)).isTrue();
    assertThat(standing.has(OwnPrivileges.CAP_AUDIT_CONTROL)).isFalse();
  }

  @Test
  void nothingIsKnownWithoutAProcfs() {
    assertThat(OwnPrivileges.of(proc.resolve("none")))
        .isEqualTo(new OwnPrivileges(Place.UNKNOWN, Place.UNKNOWN, Place.UNKNOWN, -1));
  }

  private void link(String kind, String target) throws IOException {
    Path directory = Files.createDirectories(proc.resolve("self/ns"));
    Files.createSymbolicLink(directory.resolve(kind), Path.of(target));
  }
}
