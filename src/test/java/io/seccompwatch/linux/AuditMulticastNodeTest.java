package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.AuditMulticast.AuditMessages;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.testing.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real kernel's audit socket. Others on the node write records too. */
@Tag("node")
class AuditMulticastNodeTest {

  private static final int SECCOMP = 1326;

  /** Takes CAP_NET_ADMIN: it says to the group what only the kernel should. */
  private static final String FORGER =
      """
      #include <string.h>
      #include <sys/socket.h>
      #include <linux/netlink.h>
      int main(void) {
        struct { struct nlmsghdr header; char text[64]; } message = {
          { sizeof message, 1326, 0, 0, 0 }, "audit(1.000:1): auid=0 forged" };
        struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
        int s = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_AUDIT);
        /* The group is served before the answer that refuses the kernel's own copy */
        sendto(s, &message, sizeof message, 0, (struct sockaddr *)&group, sizeof group);
        return 0;
      }
      """;

  private final Recorder recorder = new Recorder();

  private static final class Recorder implements AuditMessages {
    private final List<String> seccomp = new ArrayList<>();
    private int untrusted;
    private int overruns;

    @Override
    public void message(int type, ByteBuffer data, int from, int to, boolean whole) {
      assertThat(whole).isTrue();
      if (type == SECCOMP) {
        byte[] text = new byte[to - from];
        data.get(from, text);
        seccomp.add(new String(text, StandardCharsets.ISO_8859_1));
      }
    }

    @Override
    public void untrusted() {
      untrusted++;
    }

    @Override
    public void overrun() {
      overruns++;
    }

    private long of(String comm) {
      return seccomp.stream().filter(text -> text.contains(" comm=\"" + comm + "\"")).count();
    }
  }

  @BeforeEach
  void needsRootOfTheNode() {
    assumeTrue(
        Machine.current() != null && Files.isWritable(Path.of("/proc/sys/kernel/printk")),
        "needs root on Linux on x86_64 or aarch64");
  }

  @Test
  void givesEveryRecordAsTheKernelWroteIt() throws Exception {
    try (AuditMulticast socket = AuditMulticast.open(AuditMulticast.WANTED_BUFFER_BYTES)) {
      assertThat(socket.bufferBytes()).isEqualTo(2 * AuditMulticast.WANTED_BUFFER_BYTES);
      assertThat(socket.doubt()).isNull();
      fire("netlink-one", 50);
      drainUntil(socket, () -> recorder.of("netlink-one") == 50);
      assertThat(recorder.seccomp)
          .filteredOn(text -> text.contains("netlink-one"))
          .allMatch(
              text ->
                  text.matches(
                      "audit\\(\\d+\\.\\d{3}:\\d+\\): auid=.* pid="
                          + ProcessHandle.current().pid()
                          + " comm=.* code=0x7ffc0000"));
      assertThat(recorder.untrusted).isZero();
      assertThat(recorder.overruns).isZero();
    }
  }

  @Test
  void tellsWhenItsBufferWasFullAndGoesOn() throws Exception {
    try (AuditMulticast socket = AuditMulticast.open(1)) { // the kernel gives the least it may
      fire("netlink-two", 50); // which nobody receives meanwhile
      drainUntil(socket, () -> recorder.overruns > 0);
      drainUntil(socket, () -> !socket.receive(recorder));
      assertThat(recorder.of("netlink-two")).isLessThan(50);
      fire("netlink-three", 1);
      drainUntil(socket, () -> recorder.of("netlink-three") == 1);
    }
  }

  @Test
  void whatAPrivilegedUserSendsToTheGroupIsNotTakenForTheKernels(@TempDir Path directory)
      throws Exception {
    Path source = Files.writeString(directory.resolve("forger.c"), FORGER);
    Path forger = directory.resolve("forger");
    run("gcc", "-o", forger.toString(), source.toString());
    try (AuditMulticast socket = AuditMulticast.open(AuditMulticast.WANTED_BUFFER_BYTES)) {
      run(forger.toString());
      drainUntil(socket, () -> recorder.untrusted == 1);
      assertThat(recorder.seccomp).noneMatch(text -> text.contains("forged"));
    }
  }

  @Test
  void closingEndsAWait() throws Exception {
    AuditMulticast socket = AuditMulticast.open(AuditMulticast.WANTED_BUFFER_BYTES);
    AtomicReference<Object> result = new AtomicReference<>();
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    boolean open = true;
                    while (open) {
                      open = socket.receive(recorder) || socket.await();
                    }
                    result.set("closed");
                  } catch (ErrnoException e) {
                    result.set(e);
                  }
                });
    socket.close();
    reader.join(5_000);
    assertThat(result.get()).isEqualTo("closed");
    assertThat(socket.receive(recorder)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "unshare --net, 'NETWORK_NAMESPACE another network namespace than the machine''s, where no"
        + " record ever comes: give hostNetwork, or read kmsg where the node is itself a container"
        + " (kind, minikube, k3d)'",
    "unshare --user --map-root-user, 'USER_NAMESPACE another user namespace than the node''s: give"
        + " hostUsers: true, hostNetwork and CAP_AUDIT_READ'",
    "unshare --user --map-root-user --net, 'USER_NAMESPACE another user namespace than the node''s:"
        + " give hostUsers: true, hostNetwork and CAP_AUDIT_READ'",
    "setpriv --bounding-set -audit_read --inh-caps -audit_read, NOT_PERMITTED not permitted: give"
        + " CAP_AUDIT_READ",
    "unshare --net setpriv --bounding-set -audit_read --inh-caps -audit_read, 'NETWORK_NAMESPACE"
        + " another network namespace than the machine''s, where no record ever comes: give"
        + " hostNetwork and CAP_AUDIT_READ, or read kmsg where the node is itself a container"
        + " (kind, minikube, k3d)'",
    "'setpriv --bounding-set -all,+audit_read --inh-caps -all,+audit_read', can be had",
    "unshare --pid --fork --mount-proc, can be had",
    "env, can be had",
  })
  void saysWhereAndWhyItCannotBeHad(String prefix, String answer) throws Exception {
    List<String> command = new ArrayList<>(List.of(prefix.split(" ", -1)));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Probe.class.getName()));
    assertThat(run(command.toArray(String[]::new)).strip()).isEqualTo(answer);
  }

  /** What another process is told, started in other namespaces or with less. */
  static final class Probe {

    private Probe() {}

    public static void main(String[] arguments) {
      System.out.println(
          switch (AuditMulticast.probe()) {
            case AuditMulticast.Availability.Available available ->
                available.doubt() == null ? "can be had" : available.doubt();
            case AuditMulticast.Availability.Unavailable unavailable ->
                unavailable.reason() + " " + unavailable.message();
          });
    }
  }

  private static void fire(String comm, int times) {
    SeccompCanary canary = new SeccompCanary();
    for (int i = 0; i < times; i++) {
      assertThat(canary.fire(comm)).isInstanceOf(SeccompCanary.Result.Fired.class);
    }
  }

  private interface Condition {
    boolean holds() throws ErrnoException;
  }

  private void drainUntil(AuditMulticast socket, Condition condition) throws Exception {
    Await.until(
        "what was awaited of the socket",
        () -> {
          socket.receive(recorder);
          return condition.holds();
        });
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + printed).isZero();
    return printed;
  }
}
