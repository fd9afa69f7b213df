package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each source, node's system and switch gives the agent, and nothing more than that. */
class PrivilegeTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          # values                                            | who             | namespaces  | capabilities       | SELinux | sources                 | logs
          source: auto                                        | 0:0 4           |             |                    |         | auto                    | /var/log
          source: audit-log                                   | 0:0 4           |             |                    |         | audit-log               | /var/log/audit
          source: syslog                                      | 0:0 4           |             |                    |         | syslog                  | /var/log
          source: audit-netlink                               | 0:0 4           | network     | AUDIT_READ         |         | audit-netlink           |
          {source: kmsg, acceptPrivileged: true}              | 0:0 4           |             | privileged         |         | kmsg                    |
          nodeSystem: ubuntu                                  | 0:0 4           |             |                    |         | auto                    | /var/log
          nodeSystem: al2023                                  | 0:0 4           |             |                    |         | audit-log               | /var/log/audit
          nodeSystem: rhel                                    | 0:0 4           |             |                    | spc_t   | audit-log               | /var/log/audit
          nodeSystem: openshift                               | 0:0 4           |             |                    | spc_t   | audit-log               | /var/log/audit
          nodeSystem: cos                                     | 0:0 4           | network     | AUDIT_READ         |         | audit-netlink           |
          nodeSystem: talos                                   | 0:0 4           | network     | AUDIT_READ         |         | audit-netlink           |
          {nodeSystem: bottlerocket, auditRulesChanged: true} | 0:0 4           | network     | AUDIT_READ         |         | audit-netlink           |
          {nodeSystem: flatcar, auditRulesChanged: true}      | 0:0 4           | network     | AUDIT_READ         |         | audit-netlink           |
          {runAsNonRoot: true, state: {type: emptyDir}}       | 65532:65532 4   |             |                    |         | auto                    | /var/log
          {runAsNonRoot: true, state: {prepared: true}, supplementalGroups: [4, 101]} | 65532:65532 4 101 | | |            | auto                    | /var/log
          supplementalGroups: []                              | 0:0             |             |                    |         | auto                    | /var/log
          hostPID: true                                       | 0:0 4           | pid         |                    |         | auto                    | /var/log
          hostNetwork: true                                   | 0:0 4           | network     |                    |         | auto                    | /var/log
          processEvents: true                                 | 0:0 4           | network pid | NET_ADMIN          |         | auto                    | /var/log
          kernelAudit: true                                   | 0:0 4           | pid         | AUDIT_CONTROL      |         | auto                    | /var/log
          {source: audit-netlink, kernelAudit: true, processEvents: true} | 0:0 4 | network pid | AUDIT_READ AUDIT_CONTROL NET_ADMIN | | audit-netlink    |
          {source: audit-netlink, additionalSources: [audit-log]} | 0:0 4       | network     | AUDIT_READ         |         | audit-netlink audit-log | /var/log/audit
          {source: audit-log, additionalSources: [syslog]}    | 0:0 4           |             |                    |         | audit-log syslog        | /var/log
          {source: audit-log, additionalSources: [kmsg], acceptPrivileged: true} | 0:0 4 | | privileged     |         | audit-log kmsg          | /var/log/audit
          {source: audit-log, auditLog: {path: /data/audit/a.log}} | 0:0 4      |             |                    |         | audit-log=/data/audit/a.log | /data/audit
          {source: syslog, syslog: {path: /var/log/node/kern.log}} | 0:0 4      |             |                    |         | syslog=/var/log/node/kern.log | /var/log/node
          {nodeSystem: rhel, seLinuxType: other_t}            | 0:0 4           |             |                    | other_t | audit-log               | /var/log/audit
          {nodeSystem: rhel, seLinuxType: ""}                 | 0:0 4           |             |                    |         | audit-log               | /var/log/audit
          """)
  void follows_from_the_values(
      String values,
      String who,
      String namespaces,
      String capabilities,
      String seLinux,
      String sources,
      String logs) {
    Manifests manifests = Chart.render(values);
    assertThat(who(manifests)).isEqualTo(who);
    assertThat(namespaces(manifests)).isEqualTo(text(namespaces));
    assertThat(capabilities(manifests)).isEqualTo(text(capabilities));
    assertThat(manifests.podSpec().at("/securityContext/seLinuxOptions/type").asText())
        .isEqualTo(text(seLinux));
    assertThat(texts(manifests.configuration().get("source"))).isEqualTo(text(sources));
    assertThat(logs(manifests)).isEqualTo(text(logs));
  }

  @Test
  void by_default_is_root_without_capabilities_and_the_nodes_files_to_read() {
    Manifests manifests = Chart.render("");
    assertThat(manifests.podSpec().get("securityContext").toString())
        .isEqualTo(
            """
            {"runAsNonRoot":false,"runAsUser":0,"runAsGroup":0,"supplementalGroups":[4],\
            "seccompProfile":{"type":"RuntimeDefault"}}\
            """);
    assertThat(manifests.container().get("securityContext").toString())
        .isEqualTo(
            """
            {"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,\
            "capabilities":{"drop":["ALL"]}}\
            """);
    assertThat(mounts(manifests))
        .isEqualTo(
            Map.of(
                "/host/proc", "/proc ro",
                "/host/sys/fs/cgroup", "/sys/fs/cgroup ro",
                "/host/root/var/lib/kubelet/seccomp", "/var/lib/kubelet/seccomp ro",
                "/var/log", "/var/log ro",
                "/var/lib/seccomp-watch", "/var/lib/seccomp-watch rw"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          containerd | /run/containerd/io.containerd.runtime.v2.task/k8s.io
          k3s        | /run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io
          k0s        | /run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io
          microk8s   | /var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io
          docker     | /run/containerd/io.containerd.runtime.v2.task/moby
          cri-o      | /run/containers/storage/overlay-containers
          cri-o-vfs  | /run/containers/storage/vfs-containers
          """)
  void the_runtimes_configurations_are_mounted_on_demand_without_its_sockets(
      String runtime, String directory) {
    Manifests manifests = Chart.render("posture: {runtime: " + runtime + "}");
    assertThat(mounts(manifests)).containsEntry("/host/root" + directory, directory + " ro");
    // What the node unmounts there must not stay mounted here
    assertThat(manifests.container().toString())
        .contains(
            "\"mountPath\":\"/host/root"
                + directory
                + "\",\"readOnly\":true,\"mountPropagation\":\"HostToContainer\"");
  }

  @Test
  void the_kubelets_profiles_are_where_the_agent_looks_for_them_wherever_the_node_has_them() {
    assertThat(mounts(Chart.render("posture: {kubeletRootDir: /data/kubelet}")))
        .containsEntry("/host/root/var/lib/kubelet/seccomp", "/data/kubelet/seccomp ro");
    assertThat(mounts(Chart.render("posture: {kubeletProfiles: false}")).keySet())
        .noneMatch(path -> path.startsWith("/host/root"));
  }

  @Test
  void the_kubelet_makes_the_state_directory_for_root_and_nobody_makes_it_for_another_user() {
    assertThat(volume(Chart.render(""), "state").toString())
        .isEqualTo("{\"path\":\"/var/lib/seccomp-watch\",\"type\":\"DirectoryOrCreate\"}");
    String prepared = "{runAsNonRoot: true, state: {prepared: true, hostPath: /data/sw}}";
    assertThat(volume(Chart.render(prepared), "state").toString())
        .isEqualTo("{\"path\":\"/data/sw\",\"type\":\"Directory\"}");
  }

  @Test
  void another_user_gets_its_volumes_by_group() {
    Manifests manifests = Chart.render("{runAsNonRoot: true, state: {type: emptyDir}}");
    assertThat(manifests.podSpec().at("/securityContext/fsGroup").asInt()).isEqualTo(65532);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          seccompProfile: localhost/agent.json   | {"type":"Localhost","localhostProfile":"agent.json"}
          seccompProfile: RuntimeDefault         | {"type":"RuntimeDefault"}
          {source: kmsg, acceptPrivileged: true} | ""
          """)
  void the_agents_own_seccomp_profile(String values, String profile) {
    assertThat(Chart.render(values).podSpec().at("/securityContext/seccompProfile").toString())
        .isEqualTo(profile);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                  | off
          hostNetwork: true                   | off
          hostPID: true                       | off
          {hostNetwork: true, hostPID: true}  | auto
          processEvents: true                 | on
          {hostNetwork: true, hostPID: true, processEvents: false} | off
          """)
  void process_events_are_used_where_they_can_be_had(String values, String told) {
    assertThat(Chart.render(values).configuration().get("process-events").asText()).isEqualTo(told);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          nodeSystem: openshift                                             | 0     | false | false | false | []
          {nodeSystem: openshift, source: audit-netlink, kernelAudit: true} | 0     | false | true  | true  | ["AUDIT_READ","AUDIT_CONTROL"]
          {openshift: {securityContextConstraints: true}, runAsNonRoot: true, state: {type: emptyDir}} | 65532 | false | false | false | []
          {openshift: {securityContextConstraints: true}, source: kmsg, acceptPrivileged: true} | 0 | true | false | false | []
          """)
  void the_security_context_constraints_let_in_just_that(
      String values,
      int user,
      boolean privileged,
      boolean network,
      boolean pid,
      String capabilities) {
    JsonNode constraints = Chart.render(values).the("SecurityContextConstraints");
    assertThat(constraints.at("/runAsUser/uid").asInt()).isEqualTo(user);
    assertThat(constraints.get("allowPrivilegedContainer").asBoolean()).isEqualTo(privileged);
    assertThat(constraints.get("allowHostNetwork").asBoolean()).isEqualTo(network);
    assertThat(constraints.get("allowHostPorts").asBoolean()).isEqualTo(network);
    assertThat(constraints.get("allowHostPID").asBoolean()).isEqualTo(pid);
    assertThat(constraints.get("allowedCapabilities").toString()).isEqualTo(capabilities);
    assertThat(texts(constraints.get("users")))
        .isEqualTo("system:serviceaccount:monitoring:seccomp-watch");
  }

  @Test
  void there_are_no_security_context_constraints_elsewhere() {
    assertThat(Chart.render("nodeSystem: rhel").of("SecurityContextConstraints")).isEmpty();
    String without = "{nodeSystem: openshift, openshift: {securityContextConstraints: false}}";
    assertThat(Chart.render(without).of("SecurityContextConstraints")).isEmpty();
  }

  private static String text(String cell) {
    return cell == null ? "" : cell;
  }

  private static String who(Manifests manifests) {
    JsonNode context = manifests.podSpec().get("securityContext");
    String ids = context.get("runAsUser").asText() + ":" + context.get("runAsGroup").asText();
    assertThat(context.get("runAsNonRoot").asBoolean()).isEqualTo(!ids.equals("0:0"));
    return (ids + " " + texts(context.path("supplementalGroups"))).strip();
  }

  private static String namespaces(Manifests manifests) {
    List<String> shared = new ArrayList<>();
    if (manifests.podSpec().path("hostNetwork").asBoolean()) {
      shared.add("network");
    }
    if (manifests.podSpec().path("hostPID").asBoolean()) {
      shared.add("pid");
    }
    return String.join(" ", shared);
  }

  private static String capabilities(Manifests manifests) {
    JsonNode context = manifests.container().get("securityContext");
    assertThat(context.get("readOnlyRootFilesystem").asBoolean()).isTrue();
    if (context.path("privileged").asBoolean()) {
      // The API server refuses a privileged container that is not to gain privileges
      assertThat(context.has("allowPrivilegeEscalation")).isFalse();
      return "privileged";
    }
    assertThat(context.get("allowPrivilegeEscalation").asBoolean()).isFalse();
    assertThat(texts(context.at("/capabilities/drop"))).isEqualTo("ALL");
    return texts(context.at("/capabilities/add"));
  }

  /** The volumes of the node by where they are mounted. */
  private static Map<String, String> mounts(Manifests manifests) {
    Map<String, String> mounts = new TreeMap<>();
    for (JsonNode mount : manifests.container().get("volumeMounts")) {
      JsonNode volume = volume(manifests, mount.get("name").asText());
      if (!volume.isMissingNode()) {
        mounts.put(
            mount.get("mountPath").asText(),
            volume.get("path").asText() + (mount.path("readOnly").asBoolean() ? " ro" : " rw"));
      }
    }
    return mounts;
  }

  private static JsonNode volume(Manifests manifests, String name) {
    for (JsonNode volume : manifests.podSpec().get("volumes")) {
      if (volume.get("name").asText().equals(name)) {
        return volume.path("hostPath");
      }
    }
    throw new AssertionError("no volume " + name);
  }

  private static String logs(Manifests manifests) {
    List<String> logs = new ArrayList<>();
    mounts(manifests)
        .forEach(
            (path, volume) -> {
              if (!path.startsWith("/host/") && !path.equals("/var/lib/seccomp-watch")) {
                assertThat(volume).isEqualTo(path + " ro");
                logs.add(path);
              }
            });
    return String.join(" ", logs);
  }

  private static String texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asText()));
    return String.join(" ", texts);
  }
}
