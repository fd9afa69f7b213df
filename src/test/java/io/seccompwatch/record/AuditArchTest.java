package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuditArchTest {

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
  void everyAbiIsKnownByItsLabelAndTheTokenThatRecordsPrint(AuditArch arch) {
    assertThat(AuditArch.ofName(arch.label())).hasValue(arch);
    assertThat(AuditArch.ofName(arch.label().toUpperCase(Locale.ROOT))).hasValue(arch);
    if (arch != AuditArch.X32) { // whose token is x86_64's
      String token = Integer.toHexString(arch.token());
      assertThat(AuditArch.ofName(token)).hasValue(arch);
      assertThat(AuditArch.ofName("0x" + token)).hasValue(arch);
    }
  }

  /** The names of include/uapi/linux/audit.h (7.2) that stand for an ABI with a syscall table. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "AARCH64",
        "ALPHA",
        "ARCOMPACT",
        "ARCOMPACTBE",
        "ARCV2",
        "ARCV2BE",
        "ARM",
        "ARMEB",
        "CSKY",
        "HEXAGON",
        "I386",
        "IA64",
        "M68K",
        "MICROBLAZE",
        "MIPS",
        "MIPSEL",
        "MIPS64",
        "MIPS64N32",
        "MIPSEL64",
        "MIPSEL64N32",
        "NIOS2",
        "OPENRISC",
        "PARISC",
        "PARISC64",
        "PPC",
        "PPC64",
        "PPC64LE",
        "RISCV32",
        "RISCV64",
        "S390",
        "S390X",
        "SH",
        "SHEL",
        "SPARC",
        "SPARC64",
        "X86_64",
        "XTENSA",
        "LOONGARCH32",
        "LOONGARCH64",
      })
  void theKernelsNamesAreKnown(String name) {
    assertThat(AuditArch.ofName("AUDIT_ARCH_" + name)).isPresent();
  }

  /** The names of the OCI runtime specification, as profiles have them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "X86",
        "X86_64",
        "X32",
        "ARM",
        "AARCH64",
        "MIPS",
        "MIPS64",
        "MIPS64N32",
        "MIPSEL",
        "MIPSEL64",
        "MIPSEL64N32",
        "PPC",
        "PPC64",
        "PPC64LE",
        "S390",
        "S390X",
        "PARISC",
        "PARISC64",
        "RISCV64",
        "LOONGARCH64",
        "M68K",
        "SH",
        "SHEB",
      })
  void theNamesOfProfilesAreKnown(String name) {
    assertThat(AuditArch.ofName("SCMP_ARCH_" + name)).isPresent();
  }

  @ParameterizedTest
  @CsvSource({
    "x86-64, X86_64", "amd64, X86_64", "i686, I386", "386, I386", "SCMP_ARCH_X86, I386",
    "arm64, AARCH64", "armhf, ARM", "ppc64el, PPC64LE", "mips64el, MIPSEL64", "hppa, PARISC",
  })
  void otherNamesOfTheSameAreKnown(String name, AuditArch arch) {
    assertThat(AuditArch.ofName(name)).hasValue(arch);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unknown",
        "x64",
        "deadbeef",
        "0x",
        "0xg",
        "c000003e0",
        "1c000003e",
        "AUDIT_ARCH_",
        "AUDIT_ARCH_c000003e",
        "SCMP_ARCH_0x16",
        "x86_64 ",
        "-1",
        "all",
        "\u0661\u0666",
      })
  void whatIsNoNameIsNone(String name) {
    assertThat(AuditArch.ofName(name)).isEmpty();
  }
}
