package io.seccompwatch.doctor;

import static io.seccompwatch.doctor.MadeNode.lines;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.linux.OwnPrivileges;
import io.seccompwatch.linux.OwnPrivileges.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RightsCheckTest {

  private static final OwnPrivileges AT_HOME =
      new OwnPrivileges(Place.INITIAL, Place.INITIAL, Place.INITIAL, 0);

  @TempDir private Path directory;

  private MadeNode node(String status) throws IOException {
    MadeNode node = new MadeNode(directory).proc("self/status", status);
    Path namespaces = Files.createDirectories(node.files().proc().resolve("self/ns"));
    Files.createSymbolicLink(namespaces.resolve("cgroup"), Path.of("cgroup:[4026531835]"));
    Files.createSymbolicLink(namespaces.resolve("time"), Path.of("time:[4026531834]"));
    return node;
  }

  private static List<Finding> run(MadeNode node, OwnPrivileges standing, Processes processes) {
    NodeFiles files = node.files();
    return new RightsCheck(
            files,
            Self.of(files),
            new Namespaces(files, standing),
            processes,
            Lsm.of(files, files.host("none")))
        .run();
  }

  private static String status(int uid, String groups, String capabilities) {
    return """
    Name:\tjava
    Uid:\t%1$d\t%1$d\t%1$d\t%1$d
    Gid:\t%1$d\t%1$d\t%1$d\t%1$d
    Groups:\t%2$s
    CapEff:\t%3$s
    """
        .formatted(uid, groups, capabilities);
  }

  @Test
  void root_on_the_node_has_all() throws IOException {
    MadeNode node =
        node(status(0, "0", "000001ffffffffff")).proc("self/attr/current", "unconfined\n");
    List<Finding> findings = run(node, AT_HOME, MadeNode.running());
    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(lines(findings).getFirst())
        .isEqualTo("ok process: uid 0, groups 0, label unconfined");
  }

  @Test
  void a_pod_without_rights_is_told_what_each_would_give() throws IOException {
    List<Finding> findings =
        run(
            node(status(65532, "4 65532", "0000000000000000")),
            new OwnPrivileges(Place.INITIAL, Place.OTHER, Place.OTHER, 0),
            MadeNode.inContainer());
    assertThat(lines(findings))
        .contains(
            "ok process: uid 65532, groups 65532 4",
            "note capabilities: none of use; without NET_ADMIN (process events before Linux 6.6,"
                + " large socket buffers), AUDIT_CONTROL (the kernel's audit status and rules),"
                + " SYSLOG (/dev/kmsg where kernel.dmesg_restrict is 1), AUDIT_READ"
                + " (audit-netlink)",
            "note net namespace: not the machine's: audit-netlink and process events would hear"
                + " nothing",
            "ok user namespace: the node's")
        .anyMatch(line -> line.startsWith("problem procfs: "));
  }

  @ParameterizedTest
  @CsvSource({
    "USER, hostUsers: true",
    "NET, hostNetwork: true",
    "PID, hostPID: true",
  })
  void a_foreign_namespace_has_its_remedy(String kind, String remedy) throws IOException {
    Place other = Place.OTHER;
    OwnPrivileges standing =
        new OwnPrivileges(
            kind.equals("USER") ? other : Place.INITIAL,
            kind.equals("PID") ? other : Place.INITIAL,
            kind.equals("NET") ? other : Place.INITIAL,
            0);
    List<Finding> findings =
        run(node(status(0, "0", "000001ffffffffff")), standing, MadeNode.running());
    assertThat(findings)
        .filteredOn(finding -> finding.level() != Level.OK)
        .singleElement()
        .satisfies(finding -> assertThat(finding.remedy()).contains(remedy));
  }

  @ParameterizedTest
  @CsvSource({
    "'hidepid=2', 0000000000000000, true",
    "'gid=4,hidepid=invisible', 0000000000000000, true",
    "'hidepid=2', 0000000000080000, false",
    "'hidepid=off', 0000000000000000, false",
    "'', 0000000000000000, false"
  })
  void hidden_processes_are_a_problem_without_ptrace(
      String options, String capabilities, boolean problem) throws IOException {
    MadeNode node = node(status(0, "0", capabilities));
    node.proc(
        "self/mountinfo",
        "22 1 0:21 / /other rw - proc proc rw,hidepid=2\n23 1 0:21 / %s rw - proc proc rw,%s\n"
            .formatted(node.files().proc(), options));
    assertThat(run(node, AT_HOME, MadeNode.running()))
        .filteredOn(finding -> finding.what().contains("hidden"))
        .hasSize(problem ? 1 : 0);
  }

  @Test
  void a_status_that_lies_or_is_missing_gives_no_rights() throws IOException {
    Self strange = Self.of(node("Uid:\tx\nCapEff:\tzz\nGroups:\t-\n").files());
    assertThat(strange.known()).isFalse();
    assertThat(strange.readsAnyFile()).isFalse();
  }
}
