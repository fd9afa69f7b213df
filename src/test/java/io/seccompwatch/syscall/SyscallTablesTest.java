package io.seccompwatch.syscall;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.AuditArch;
import io.seccompwatch.syscall.SyscallTable.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class SyscallTablesTest {
  /**
   * Linux dropped it before it had the newest calls. It dropped 31-bit s390, too, but a number of
   * those in one of its records can mean no other call than everywhere else.
   */
  private static final Set<AuditArch> DROPPED = EnumSet.of(AuditArch.IA64);

  private final SyscallTables tables = new SyscallTables();

  /** Known from manual pages, libc headers and programs of each ABI, not from these tables. */
  @ParameterizedTest
  @CsvSource({
    "X86_64, 0, read",
    "X86_64, 59, execve",
    "X86_64, 101, ptrace",
    "X86_64, 156, _sysctl",
    "X86_64, 165, mount",
    "X86_64, 250, keyctl",
    "X86_64, 272, unshare",
    "X86_64, 321, bpf",
    "X86_64, 334, rseq",
    "X86_64, 425, io_uring_setup",
    "X86_64, 435, clone3",
    "X86_64, 462, mseal",
    "X86_64, 463, setxattrat",
    "X86_64, 467, open_tree_attr",
    "X86_64, 468, file_getattr",
    "X86_64, 470, listns",
    "X32, 1073741824, read",
    "X32, 1073741989, mount",
    "X32, 1073742344, execve",
    "I386, 11, execve",
    "I386, 21, mount",
    "I386, 26, ptrace",
    "I386, 102, socketcall",
    "I386, 357, bpf",
    "AARCH64, 40, mount",
    "AARCH64, 221, execve",
    "AARCH64, 280, bpf",
    "AARCH64, 79, newfstatat",
    "ARM, 21, mount",
    "ARM, 386, bpf",
    "ARM, 983041, breakpoint",
    "ARM, 983042, cacheflush",
    "ARM, 983043, usr26",
    "ARM, 983044, usr32",
    "ARM, 983045, set_tls",
    "ARM, 983046, get_tls",
    "ARMEB, 11, execve",
    "ARMEB, 983045, set_tls",
    "MIPS, 4000, syscall",
    "MIPS, 4011, execve",
    "MIPS, 4021, mount",
    "MIPSEL, 4021, mount",
    "MIPS64, 5000, read",
    "MIPS64, 5057, execve",
    "MIPSEL64, 5160, mount",
    "MIPS64N32, 6000, read",
    "MIPSEL64N32, 6160, mount",
    "PPC, 21, mount",
    "PPC, 256, sys_debug_setcontext",
    "PPC64, 361, bpf",
    "PPC64LE, 21, mount",
    "S390, 21, mount",
    "S390, 182, chown",
    "S390X, 21, mount",
    "S390X, 351, bpf",
    "RISCV64, 221, execve",
    "RISCV64, 259, riscv_flush_icache",
    "RISCV32, 221, execve",
    "LOONGARCH64, 221, execve",
    "LOONGARCH32, 40, mount",
    "SPARC, 59, execve",
    "SPARC, 167, mount",
    "SPARC64, 167, mount",
    "PARISC, 21, mount",
    "PARISC64, 11, execve",
    "ALPHA, 59, execve",
    "ALPHA, 302, mount",
    "ALPHA, 515, bpf",
    "M68K, 21, mount",
    "SH, 21, mount",
    "ARC, 244, cacheflush",
    "IA64, 1033, execve",
    "XTENSA, 117, execve",
    "MICROBLAZE, 21, mount",
    "HEXAGON, 221, execve",
    "CSKY, 245, cacheflush",
    "NIOS2, 244, cacheflush",
    "OPENRISC, 244, or1k_atomic",
  })
  void knowsWhatIsKnownOfEachAbi(AuditArch arch, long number, String name) {
    assertThat(tables.name(arch, number)).isEqualTo(name);
    assertThat(tables.number(arch, name)).hasValue(number);
  }

  @ParameterizedTest
  @CsvSource({
    "X86_64, -1",
    "X86_64, 337",
    "X86_64, 600",
    "X86_64, 1073741824",
    "X86_64, 9223372036854775807",
    "X86_64, -9223372036854775808",
    "X86_64, 4294967461",
    "X32, 0",
    "X32, 59",
    "X32, 1073741883", // x32 has an execve of its own
    "MIPS, 21",
    "MIPS, 4028",
    "IA64, 1024",
    "UNKNOWN, 0",
  })
  void aNumberWithoutACallHasNoName(AuditArch arch, long number) {
    assertThat(tables.name(arch, number)).isNull();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "UNKNOWN")
  void everyAbiOfARecordHasAWellFormedTable(AuditArch arch) {
    List<Entry> entries = tables.table(arch).orElseThrow().entries();
    assertThat(entries).hasSizeBetween(300, 520);
    assertThat(entries).isSortedAccordingTo((a, b) -> Long.compare(a.number(), b.number()));
    assertThat(entries.stream().map(Entry::name).toList())
        .doesNotHaveDuplicates()
        .allMatch(name -> name.matches("[a-z_][a-z0-9_]*"))
        .noneMatch(name -> name.matches("syscalls|arch_specific_syscall|ni_syscall"))
        .noneMatch(name -> name.matches("(reserved|unused|available)\\d*"));
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "UNKNOWN")
  void theNewestCallsAreThereUnlessLinuxDroppedTheArchitecture(AuditArch arch) {
    if (DROPPED.contains(arch)) {
      assertThat(tables.number(arch, "rseq_slice_yield")).isEmpty();
      return;
    }
    // Since Linux 5.1 a new call has the same number everywhere; alpha's are 110 more.
    long base =
        switch (arch) {
          case X32 -> 0x40000000;
          case MIPS, MIPSEL -> 4000;
          case MIPS64, MIPSEL64 -> 5000;
          case MIPS64N32, MIPSEL64N32 -> 6000;
          case ALPHA -> 110;
          default -> 0;
        };
    assertThat(tables.name(arch, base + 471)).isEqualTo("rseq_slice_yield");
    assertThat(tables.name(arch, base + 424)).isEqualTo("pidfd_send_signal");
  }

  @ParameterizedTest
  @CsvSource({
    "ARM, ARMEB",
    "MIPS, MIPSEL",
    "MIPS64, MIPSEL64",
    "MIPS64N32, MIPSEL64N32",
    "PPC64, PPC64LE"
  })
  void bothByteOrdersShareATable(AuditArch one, AuditArch other) {
    assertThat(tables.table(one)).isPresent().isEqualTo(tables.table(other));
  }

  @Test
  void aTableIsReadOnceAndKept() {
    assertThat(tables.name(AuditArch.X86_64, 165)).isSameAs(tables.name(AuditArch.X86_64, 165));
  }

  @Test
  void nothingIsKnownOfAnUnknownAbi() {
    assertThat(tables.table(AuditArch.UNKNOWN)).isEmpty();
    assertThat(tables.number(AuditArch.UNKNOWN, "mount")).isEmpty();
    assertThat(tables.supported())
        .containsExactlyElementsOf(EnumSet.complementOf(EnumSet.of(AuditArch.UNKNOWN)));
  }

  /** Nothing in the folder is dead: each file is the table of some ABI, and says its source. */
  @Test
  void everyFileIsUsedAndSaysWhereItComesFrom() throws Exception {
    Set<String> labels =
        tables.supported().stream().map(AuditArch::label).collect(Collectors.toSet());
    try (Stream<Path> files = Files.list(Path.of("syscall-tables"))) {
      List<Path> found = files.filter(file -> file.toString().endsWith(".tsv")).toList();
      assertThat(found).hasSize(31);
      for (Path file : found) {
        String label = file.getFileName().toString().replace(".tsv", "");
        assertThat(labels).contains(label);
        assertThat(Files.readString(file))
            .startsWith("# System calls of " + label + ": ")
            .contains("\n# Source: Debian linux-")
            .contains("\n# Licence of the source: GPL-2.0 WITH Linux-syscall-note\n");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = 8)
  void threadsMayAskAtTheSameTime(int threads) throws Exception {
    Callable<List<String>> names =
        () ->
            tables.supported().stream()
                .map(
                    arch ->
                        String.valueOf(tables.name(arch, tables.number(arch, "mount").orElse(0))))
                .toList();
    try (var pool = Executors.newFixedThreadPool(threads)) {
      for (var answer : pool.invokeAll(Collections.nCopies(threads, names))) {
        assertThat(answer.get()).hasSize(tables.supported().size()).containsOnly("mount");
      }
    }
  }
}
