package io.seccompwatch.syscall;

import io.seccompwatch.record.AuditArch;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The system call tables of all ABIs that an audit record can name, read from the build's own
 * resources (made from {@code syscall-tables/}). A table is read when it is first asked for and
 * then kept: a node sees one to three ABIs, and each table costs about 20 KiB. There are as many
 * tables as files, so memory is bounded whatever records say.
 *
 * <p>Safe for use by several threads. Every method throws {@link IllegalStateException} when a
 * table cannot be read, which only a broken build can cause.
 */
public final class SyscallTables {
  private static final List<AuditArch> SUPPORTED =
      Arrays.stream(AuditArch.values()).filter(arch -> arch != AuditArch.UNKNOWN).toList();

  /** By the ABI that a table is named after; those that were used. */
  private final Map<AuditArch, SyscallTable> loaded = new ConcurrentHashMap<>();

  /** The ABIs that have a table, in their declared order; no table is read for that. */
  public List<AuditArch> supported() {
    return SUPPORTED;
  }

  /**
   * The kernel's name of a call.
   *
   * @param number as the record prints it, for x32 with bit 30; may be any long
   * @return null when the ABI has no call of that number, or is {@link AuditArch#UNKNOWN}
   */
  public @Nullable String name(AuditArch arch, long number) {
    SyscallTable table = get(arch);
    return table == null ? null : table.name(number);
  }

  /** The number of a call as records print it, by the kernel's exact name; empty when unknown. */
  public OptionalLong number(AuditArch arch, String name) {
    SyscallTable table = get(arch);
    return table == null ? OptionalLong.empty() : table.number(name);
  }

  /** The whole table of an ABI; empty for {@link AuditArch#UNKNOWN} only. */
  public Optional<SyscallTable> table(AuditArch arch) {
    return Optional.ofNullable(get(arch));
  }

  private @Nullable SyscallTable get(AuditArch arch) {
    return arch == AuditArch.UNKNOWN
        ? null
        : loaded.computeIfAbsent(owner(arch), SyscallTables::read);
  }

  /** Byte order changes no number: both orders share a table. */
  private static AuditArch owner(AuditArch arch) {
    return switch (arch) {
      case ARMEB -> AuditArch.ARM;
      case MIPSEL -> AuditArch.MIPS;
      case MIPSEL64 -> AuditArch.MIPS64;
      case MIPSEL64N32 -> AuditArch.MIPS64N32;
      case PPC64LE -> AuditArch.PPC64;
      default -> arch;
    };
  }

  private static SyscallTable read(AuditArch arch) {
    String label = arch.label();
    String resource = "tables/" + label + ".tsv";
    try (InputStream in = SyscallTables.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(
            "syscall table of " + label + ": not in this build: build it with syscall-tables/");
      }
      return SyscallTable.parse(label, in.readAllBytes());
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "syscall table of " + label + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
