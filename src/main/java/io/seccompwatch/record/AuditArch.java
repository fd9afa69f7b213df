package io.seccompwatch.record;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The ABI that made a syscall, as an audit record names it: an ELF machine number with a 64-bit and
 * a little-endian flag ({@code include/uapi/linux/audit.h}, {@code AUDIT_ARCH_*}). {@link #X32} and
 * the n32 variants are told apart as the kernel does: x32 by bit 30 of the syscall number, n32 by
 * its own audit flag.
 */
public enum AuditArch {
  X86_64("x86_64", 0xc000003e),
  X32("x32"),
  I386("i386", 0x40000003),
  AARCH64("aarch64", 0xc00000b7),
  ARM("arm", 0x40000028),
  ARMEB("armeb", 0x28),
  MIPS("mips", 0x8),
  MIPSEL("mipsel", 0x40000008),
  MIPS64("mips64", 0x80000008),
  MIPSEL64("mipsel64", 0xc0000008),
  MIPS64N32("mips64n32", 0xa0000008),
  MIPSEL64N32("mipsel64n32", 0xe0000008),
  PPC("ppc", 0x14),
  PPC64("ppc64", 0x80000015),
  PPC64LE("ppc64le", 0xc0000015),
  S390("s390", 0x16),
  S390X("s390x", 0x80000016),
  RISCV32("riscv32", 0x400000f3),
  RISCV64("riscv64", 0xc00000f3),
  LOONGARCH32("loongarch32", 0x40000102),
  LOONGARCH64("loongarch64", 0xc0000102),
  SPARC("sparc", 0x2),
  SPARC64("sparc64", 0x8000002b),
  PARISC("parisc", 0xf),
  PARISC64("parisc64", 0x8000000f),
  ALPHA("alpha", 0xc0009026),
  M68K("m68k", 0x4),
  SH("sh", 0x2a, 0x4000002a),
  ARC("arc", 0x5d, 0x4000005d, 0xc3, 0x400000c3),
  IA64("ia64", 0xc0000032),
  XTENSA("xtensa", 0x5e),
  MICROBLAZE("microblaze", 0xbd),
  HEXAGON("hexagon", 0xa4),
  CSKY("csky", 0x400000fc),
  NIOS2("nios2", 0x40000071),
  OPENRISC("openrisc", 0x5c),
  /** A token that this list does not know, or a record of a kernel that printed none. */
  UNKNOWN("unknown");

  private static final long X32_SYSCALL_BIT = 0x40000000L;
  private static final Map<Integer, AuditArch> BY_TOKEN = byToken();

  private final String label;

  @SuppressWarnings("ImmutableEnumChecker") // List.of below cannot be changed
  private final List<Integer> tokens;

  AuditArch(String label, Integer... tokens) {
    this.label = label;
    this.tokens = List.of(tokens);
  }

  /**
   * The ABI of a record.
   *
   * @param token the {@code arch=} field, as the 32-bit number that its hex digits spell
   * @param syscall the {@code syscall=} field, whose bit 30 tells x32 from x86_64
   */
  public static AuditArch of(int token, long syscall) {
    AuditArch arch = BY_TOKEN.getOrDefault(token, UNKNOWN);
    return arch == X86_64 && syscall >= 0 && (syscall & X32_SYSCALL_BIT) != 0 ? X32 : arch;
  }

  /** The name that users see, in JSON, in metrics and on the command line; from a closed set. */
  public String label() {
    return label;
  }

  /**
   * The token by which an audit record names this ABI; the first where there are several, x86_64's
   * for x32, 0 for {@link #UNKNOWN}.
   */
  public int token() {
    if (this == X32) {
      return X86_64.token();
    }
    return tokens.isEmpty() ? 0 : tokens.getFirst();
  }

  /** The ABI of a {@link #label}. */
  public static Optional<AuditArch> ofLabel(String label) {
    for (AuditArch arch : values()) {
      if (arch.label.equals(label)) {
        return Optional.of(arch);
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the ABI of a name as people and programs write it, in any case: a {@link #label}; the
   * token of a record's {@code arch=} field in hex, with or without {@code 0x}; {@code
   * AUDIT_ARCH_X86_64} ({@code include/uapi/linux/audit.h}); {@code SCMP_ARCH_X86_64} (libseccomp's
   * {@code seccomp.h}, OCI profiles); or the name that Go, Java, Debian or uname uses, such as
   * {@code amd64}, {@code x86-64} and {@code arm64}. A name wins over hex digits: {@code 386} is
   * i386.
   *
   * @return empty for any other text; never {@link #UNKNOWN}
   */
  public static Optional<AuditArch> ofName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    String plain = lower;
    for (String prefix : List.of("audit_arch_", "scmp_arch_")) {
      plain = plain.startsWith(prefix) ? plain.substring(prefix.length()) : plain;
    }
    Optional<AuditArch> named = ofLabel(alias(plain)).filter(arch -> arch != UNKNOWN);
    return named.isPresent() || !plain.equals(lower) ? named : ofToken(lower);
  }

  private static Optional<AuditArch> ofToken(String text) {
    String digits = text.startsWith("0x") ? text.substring(2) : text;
    if (digits.isEmpty()
        || digits.length() > 8
        || !digits.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 0x80)) {
      return Optional.empty();
    }
    return Optional.ofNullable(BY_TOKEN.get(Integer.parseUnsignedInt(digits, 16)));
  }

  /** Returns the label behind another name of the same ABI, or the name itself. */
  private static String alias(String name) {
    return switch (name) {
      case "amd64", "x86-64" -> X86_64.label;
      case "x86", "386", "i486", "i586", "i686", "ia32" -> I386.label;
      case "arm64", "armv8", "armv8l" -> AARCH64.label;
      case "armv6l", "armv7l", "armel", "armhf" -> ARM.label;
      case "armv7b" -> ARMEB.label;
      case "mipsle" -> MIPSEL.label;
      case "mips64le", "mips64el" -> MIPSEL64.label;
      case "mips64n32le", "mips64eln32", "mipsn32el" -> MIPSEL64N32.label;
      case "mipsn32" -> MIPS64N32.label;
      case "powerpc" -> PPC.label;
      case "powerpc64" -> PPC64.label;
      case "ppc64el", "powerpc64le" -> PPC64LE.label;
      case "loong64" -> LOONGARCH64.label;
      case "hppa" -> PARISC.label;
      case "hppa64" -> PARISC64.label;
      case "shel", "sheb", "sh4", "sh4eb" -> SH.label;
      case "arcompact", "arcompactbe", "arcv2", "arcv2be" -> ARC.label;
      case "or1k" -> OPENRISC.label;
      default -> name;
    };
  }

  private static Map<Integer, AuditArch> byToken() {
    Map<Integer, AuditArch> byToken = new HashMap<>();
    for (AuditArch arch : values()) {
      for (int token : arch.tokens) {
        byToken.put(token, arch);
      }
    }
    return Map.copyOf(byToken);
  }
}
