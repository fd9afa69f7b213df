import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One table: its name and where it comes from.
 *
 * @param headers where the user-space headers are, or null when Debian ships none
 * @param later headers that the calls after the last one of {@code headers} come from, or null
 * @param tbl which lines of the kernel's own list make the table, or null when it has none
 * @param note what a reader of the table should know, or empty
 */
record Abi(String name, Headers headers, Headers later, Tbl tbl, String note) {
  /**
   * The headers of an ABI: the kernel's name for the architecture, and what its compiler defines.
   */
  record Headers(String pin, String arch, Map<String, String> macros) {}

  /**
   * The lines of a syscall.tbl that belong to an ABI (no names: all), and what is added to each.
   */
  record Tbl(String pin, String path, long base, Set<String> abis) {}

  /** Every table. */
  static List<Abi> all() {
    String generic = "scripts/syscall.tbl";
    return List.of(
        abi("x86_64", "x86", "arch/x86/entry/syscalls/syscall_64.tbl common 64", "__x86_64__"),
        abi(
                "x32",
                "x86",
                "arch/x86/entry/syscalls/syscall_64.tbl+0x40000000 common x32",
                "__x86_64__ __ILP32__")
            .note("Numbers have bit 30 set, as an audit record prints them."),
        abi("i386", "x86", "arch/x86/entry/syscalls/syscall_32.tbl i386", "__i386__"),
        abi("aarch64", "arm64", generic + " common 64 renameat rlimit memfd_secret", ""),
        abi("arm", "arm", "arch/arm/tools/syscall.tbl common eabi", "__ARM_EABI__")
            .note("EABI; 0xf0001 to 0xf0006 are the private calls (__ARM_NR_*), not in the .tbl."),
        abi("mips", "mips", mips("o32", 4000), "_MIPS_SIM=1").note("o32."),
        abi("mips64", "mips", mips("n64", 5000), "_MIPS_SIM=3").note("n64."),
        abi("mips64n32", "mips", mips("n32", 6000), "_MIPS_SIM=2").note("n32."),
        abi("ppc", "powerpc", own("powerpc", "common nospu 32"), ""),
        abi("ppc64", "powerpc", own("powerpc", "common nospu 64"), "__powerpc64__"),
        // Linux gives every call since 5.1 one number for all ABIs (Documentation/process/
        // adding-syscalls.rst). Debian's last 31-bit headers are of 6.12; libseccomp 2.6 knows
        // later
        // 31-bit calls.
        new Abi(
                "s390",
                new Headers("headers-s390", "s390", macros("")),
                new Headers("headers", "s390", macros("__s390x__")),
                null,
                "")
            .note("31-bit; its own headers end at 462, the calls after that are those of s390x."),
        abi("s390x", "s390", own("s390", ""), "__s390x__"),
        abi("riscv32", "riscv", generic + " common 32 riscv memfd_secret", "__SIZEOF_POINTER__=4"),
        abi(
            "riscv64",
            "riscv",
            generic + " common 64 riscv rlimit memfd_secret",
            "__SIZEOF_POINTER__=8"),
        abi("loongarch32", "loongarch", generic + " common 32 memfd_secret", "__SIZEOF_LONG__=4"),
        abi("loongarch64", "loongarch", generic + " common 64 memfd_secret", "__SIZEOF_LONG__=8"),
        abi("sparc", "sparc", own("sparc", "common 32"), "__sparc__"),
        abi("sparc64", "sparc", own("sparc", "common 64"), "__sparc__ __arch64__"),
        abi("parisc", "parisc", own("parisc", "common 32"), ""),
        abi("parisc64", "parisc", own("parisc", "common 64"), "__LP64__"),
        abi("alpha", "alpha", own("alpha", ""), ""),
        abi("m68k", "m68k", own("m68k", ""), ""),
        abi("sh", "sh", own("sh", ""), ""),
        abi("arc", "arc", generic + " common 32 arc time32 renameat stat64 rlimit", ""),
        tblOnly("ia64", "kernel-ia64", own("ia64", "").replace(".tbl", ".tbl+1024"))
            .note("Linux 6.7 dropped the architecture; ends at 450."),
        tblOnly("xtensa", "kernel", own("xtensa", "")),
        tblOnly("microblaze", "kernel", own("microblaze", "")),
        tblOnly("hexagon", "kernel", generic + " common 32 hexagon time32 stat64 rlimit renameat"),
        tblOnly("csky", "kernel", generic + " common 32 csky time32 stat64 rlimit"),
        tblOnly("nios2", "kernel", generic + " common 32 nios2 time32 stat64 renameat rlimit"),
        tblOnly("openrisc", "kernel", generic + " common 32 or1k time32 stat64 rlimit renameat"));
  }

  /**
   * The sets of lines are those of the kernel's Makefiles (syscalls/Makefile, Makefile.syscalls).
   */
  private static Abi abi(String name, String arch, String tbl, String macros) {
    return new Abi(
        name, new Headers("headers", arch, macros(macros)), null, tbl("kernel", tbl), "");
  }

  private static Abi tblOnly(String name, String pin, String tbl) {
    return new Abi(name, null, null, tbl(pin, tbl), "");
  }

  private static String own(String arch, String abis) {
    return "arch/" + arch + "/kernel/syscalls/syscall.tbl " + abis;
  }

  private static String mips(String abi, int base) {
    return "arch/mips/kernel/syscalls/syscall_" + abi + ".tbl+" + base;
  }

  /** Reads {@code PATH[+BASE] ABI…}. */
  private static Tbl tbl(String pin, String words) {
    List<String> list = List.of(words.strip().split(" "));
    String[] path = list.getFirst().split("\\+");
    long base = path.length > 1 ? Long.decode(path[1]) : 0;
    return new Tbl(pin, path[0], base, Set.copyOf(list.subList(1, list.size())));
  }

  /** Reads {@code NAME[=VALUE] …}, a value being 1 when none is given. */
  private static Map<String, String> macros(String words) {
    Map<String, String> macros = new HashMap<>(Map.of("__linux__", "1", "__CHAR_BIT__", "8"));
    for (String word : words.isEmpty() ? new String[0] : words.split(" ")) {
      String[] parts = word.split("=");
      macros.put(parts[0], parts.length > 1 ? parts[1] : "1");
    }
    return macros;
  }

  private Abi note(String text) {
    return new Abi(name, headers, later, tbl, text);
  }
}
