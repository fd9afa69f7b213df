package io.seccompwatch.syscall;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.AuditArch;
import io.seccompwatch.syscall.SyscallTable.Entry;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares the tables with libseccomp's, which its authors keep by hand: every name and number that
 * both know must agree in both directions. Skipped where the Debian package libseccomp2 is missing.
 */
class LibseccompAgreementTest {
  /** Of 32-bit parisc only, says the kernel's list; libseccomp 2.5.4 has it of both. */
  private static final String LIBSECCOMP_IS_WRONG =
      "PARISC64: 140 is null but libseccomp says _llseek";

  private final SyscallTables tables = new SyscallTables();

  /** The tokens are libseccomp's own: the audit tokens, but for x32. */
  @ParameterizedTest
  @CsvSource({
    "X86_64, c000003e",
    "X32, 4000003e",
    "I386, 40000003",
    "AARCH64, c00000b7",
    "ARM, 40000028",
    "MIPS, 8",
    "MIPSEL, 40000008",
    "MIPS64, 80000008",
    "MIPSEL64, c0000008",
    "MIPS64N32, a0000008",
    "MIPSEL64N32, e0000008",
    "PPC, 14",
    "PPC64, 80000015",
    "PPC64LE, c0000015",
    "S390, 16",
    "S390X, 80000016",
    "PARISC, f",
    "PARISC64, 8000000f",
    "RISCV64, c00000f3",
  })
  void agreesWithLibseccomp(AuditArch arch, String token) {
    try (Arena arena = Arena.ofConfined()) {
      var libseccomp = new Libseccomp(arena, Integer.parseUnsignedInt(token, 16));
      SyscallTable table = tables.table(arch).orElseThrow();
      List<String> differences = new ArrayList<>();
      int compared = 0;
      for (Entry entry : table.entries()) {
        long number = libseccomp.number(entry.name());
        // Negative: unknown to libseccomp, or one of its own pseudo-numbers.
        if (number >= 0) {
          compared++;
          if (number != entry.number()) {
            differences.add(arch + ": " + entry + " but libseccomp says " + number);
          }
        }
      }
      int known = 0;
      for (long number : candidates(table)) {
        String name = libseccomp.name(number);
        if (!name.isEmpty()) {
          known++;
          if (!name.equals(table.name(number))) {
            differences.add(
                arch
                    + ": "
                    + number
                    + " is "
                    + table.name(number)
                    + " but libseccomp says "
                    + name);
          }
        }
      }
      differences.remove(LIBSECCOMP_IS_WRONG);
      assertThat(differences).isEmpty();
      assertThat(compared).isGreaterThan(250);
      assertThat(known).isGreaterThan(250);
    }
  }

  /** More numbers than the table has, so that a call which it lacks is seen too. */
  private static long[] candidates(SyscallTable table) {
    long first = table.entries().getFirst().number();
    return LongStream.concat(
            LongStream.range(first, first + 1000), LongStream.rangeClosed(0xf0000, 0xf0010))
        .toArray();
  }

  /** The two functions of libseccomp.so.2 that its own resolver uses, for one ABI. */
  @SuppressWarnings("restricted") // native access is what this test is about
  private static final class Libseccomp {
    private final Arena arena;
    private final int token;
    private final MethodHandle resolveName;
    private final MethodHandle resolveNumber;
    private final MethodHandle free;

    Libseccomp(Arena arena, int token) {
      this.arena = arena;
      this.token = token;
      Linker linker = Linker.nativeLinker();
      SymbolLookup library = open(arena);
      resolveName =
          linker.downcallHandle(
              library.find("seccomp_syscall_resolve_name_arch").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      resolveNumber =
          linker.downcallHandle(
              library.find("seccomp_syscall_resolve_num_arch").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      free =
          linker.downcallHandle(
              linker.defaultLookup().find("free").orElseThrow(),
              FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
      Assumptions.assumeTrue(
          !name(number("read")).isEmpty(),
          () -> "skipped: this libseccomp does not know the ABI " + Integer.toHexString(token));
    }

    private static SymbolLookup open(Arena arena) {
      try {
        return SymbolLookup.libraryLookup("libseccomp.so.2", arena);
      } catch (IllegalArgumentException _) {
        return Assumptions.abort("skipped: libseccomp.so.2 is not there: install libseccomp2");
      }
    }

    long number(String name) {
      try {
        return (int) resolveName.invokeExact(token, arena.allocateFrom(name));
      } catch (Throwable e) {
        throw new AssertionError("libseccomp cannot be called", e);
      }
    }

    String name(long number) {
      try {
        var text = (MemorySegment) resolveNumber.invokeExact(token, (int) number);
        if (text.equals(MemorySegment.NULL)) {
          return "";
        }
        String name = text.reinterpret(64).getString(0);
        free.invokeExact(text);
        return name;
      } catch (Throwable e) {
        throw new AssertionError("libseccomp cannot be called", e);
      }
    }
  }
}
