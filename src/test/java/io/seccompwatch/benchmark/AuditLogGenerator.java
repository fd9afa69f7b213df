package io.seccompwatch.benchmark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Writes an audit log as a busy node has it, auditd's ENRICHED format: executions with their
 * SYSCALL, EXECVE, CWD, PATH and PROCTITLE lines, sessions with their USER_ and CRED_ lines, and
 * one SECCOMP record among a hundred lines. The same seed gives the same bytes.
 */
public final class AuditLogGenerator {

  /** Stands between what the kernel wrote and the names that auditd adds. */
  private static final char ENRICHED = 0x1d;

  private static final int SECCOMP_EVERY = 100;

  private static final List<String> COMMANDS =
      List.of(
          "/usr/bin/runc",
          "/usr/bin/pause",
          "/usr/bin/bash",
          "/usr/sbin/ipset",
          "/usr/sbin/xtables-nft-multi",
          "/usr/bin/containerd-shim-runc-v2",
          "/usr/local/openjdk-25/bin/java",
          "/usr/bin/python3.13");

  private static final List<String> SESSION_TYPES =
      List.of("USER_ACCT", "CRED_ACQ", "USER_START", "CRED_REFR", "USER_END", "CRED_DISP");

  private static final List<String> CODES = List.of("0x50000", "0x7ffc0000", "0x80000000");

  private final SplittableRandom random;
  private final StringBuilder text = new StringBuilder(1 << 16);
  private long millis = 1_795_342_430_000L;
  private long serial = 1;
  private int untilSeccomp = SECCOMP_EVERY;

  /** A log that depends on the seed alone. */
  public AuditLogGenerator(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Writes a log: {@code FILE MEGABYTES}. */
  public static void main(String[] args) throws IOException {
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(Path.of(args[0])), 1 << 20)) {
      new AuditLogGenerator(1).write(out, Long.parseLong(args[1]) * 1_000_000);
    }
  }

  /** Writes whole events until at least so many bytes are written. */
  public void write(OutputStream out, long bytes) throws IOException {
    for (long written = 0; written < bytes; ) {
      text.setLength(0);
      while (text.length() < 1 << 15) {
        event();
      }
      byte[] chunk = text.toString().getBytes(StandardCharsets.ISO_8859_1);
      out.write(chunk);
      written += chunk.length;
    }
  }

  /** One SECCOMP record and its line end, of this moment of the log. */
  String record() {
    text.setLength(0);
    next();
    seccomp();
    return text.toString();
  }

  private void event() {
    next();
    if (random.nextInt(5) == 0) {
      session();
    } else {
      execution();
    }
    if (untilSeccomp <= 0) {
      untilSeccomp += SECCOMP_EVERY;
      next();
      seccomp();
    }
  }

  private void next() {
    millis += random.nextInt(4);
    serial++;
  }

  private void seccomp() {
    String exe = command();
    open("SECCOMP").append("auid=4294967295 uid=1000 gid=1000 ses=4294967295 ");
    text.append("subj=cri-containerd.apparmor.d pid=").append(pid());
    text.append(" comm=\"").append(comm(exe)).append("\" exe=\"").append(exe);
    String code = CODES.get(random.nextInt(CODES.size()));
    text.append("\" sig=")
        .append(code.equals("0x80000000") ? 31 : 0)
        .append(" arch=c000003e syscall=");
    text.append(random.nextInt(330)).append(" compat=0 ip=0x7f").append(hex(40));
    text.append(" code=").append(code).append(ENRICHED);
    text.append("AUID=\"unset\" UID=\"app\" GID=\"app\" ARCH=x86_64 SYSCALL=mount");
    close();
  }

  private void execution() {
    String exe = command();
    String comm = comm(exe);
    int pid = pid();
    open("SYSCALL").append("arch=c000003e syscall=59 success=yes exit=0 a0=55").append(hex(40));
    text.append(" a1=55")
        .append(hex(40))
        .append(" a2=55")
        .append(hex(40))
        .append(" a3=8 items=2 ppid=");
    text.append(pid()).append(" pid=").append(pid);
    text.append(
        " auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none)");
    text.append(" ses=4294967295 comm=\"").append(comm).append("\" exe=\"").append(exe);
    text.append("\" subj=unconfined key=\"exec\"").append(ENRICHED);
    text.append(
        "ARCH=x86_64 SYSCALL=execve AUID=\"unset\" UID=\"root\" GID=\"root\" EUID=\"root\"");
    text.append(" SUID=\"root\" FSUID=\"root\" EGID=\"root\" SGID=\"root\" FSGID=\"root\"");
    close();
    int words = 2 + random.nextInt(8);
    open("EXECVE").append("argc=").append(words);
    for (int i = 0; i < words; i++) {
      text.append(" a")
          .append(i)
          .append("=\"--")
          .append(comm)
          .append('-')
          .append(hex(20))
          .append('"');
    }
    close();
    open("CWD").append("cwd=\"/run/containerd/io.containerd.runtime.v2.task/k8s.io/");
    text.append(hex(64)).append(hex(64)).append('"');
    close();
    path(0, exe);
    path(1, "/lib64/ld-linux-x86-64.so.2");
    open("PROCTITLE").append("proctitle=");
    for (int i = 0; i <= words; i++) {
      text.append(hex(64).toUpperCase(Locale.ROOT)).append("00");
    }
    close();
  }

  private void path(int item, String name) {
    open("PATH").append("item=").append(item).append(" name=\"").append(name).append("\" inode=");
    text.append(random.nextInt(1_000_000))
        .append(" dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00");
    text.append(" nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0");
    text.append(ENRICHED).append("OUID=\"root\" OGID=\"root\"");
    close();
  }

  private void session() {
    int pid = pid();
    for (String type : SESSION_TYPES) {
      open(type)
          .append("pid=")
          .append(pid)
          .append(" uid=0 auid=1000 ses=")
          .append(random.nextInt(900));
      text.append(" subj=unconfined msg='op=PAM:session_open grantors=pam_permit acct=\"deploy\"");
      text.append(" exe=\"/usr/sbin/sshd\" hostname=10.0.").append(random.nextInt(255)).append('.');
      text.append(random.nextInt(255)).append(" terminal=ssh res=success'").append(ENRICHED);
      text.append("UID=\"root\" AUID=\"deploy\"");
      close();
    }
  }

  private StringBuilder open(String type) {
    untilSeccomp--;
    text.append("type=").append(type).append(" msg=audit(").append(millis / 1_000).append('.');
    String fraction = Long.toString(1_000 + millis % 1_000);
    return text.append(fraction, 1, 4).append(':').append(serial).append("): ");
  }

  private void close() {
    text.append('\n');
  }

  private String command() {
    return COMMANDS.get(random.nextInt(COMMANDS.size()));
  }

  /** As the kernel keeps it: the last part of the path, 15 bytes. */
  private static String comm(String exe) {
    String name = exe.substring(exe.lastIndexOf('/') + 1);
    return name.substring(0, Math.min(15, name.length()));
  }

  private int pid() {
    return 300 + random.nextInt(4_000_000);
  }

  private String hex(int bits) {
    return Long.toHexString(random.nextLong() >>> (64 - bits));
  }
}
