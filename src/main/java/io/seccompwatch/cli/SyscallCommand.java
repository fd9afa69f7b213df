package io.seccompwatch.cli;

import io.seccompwatch.record.AuditArch;
import io.seccompwatch.syscall.SyscallTable;
import io.seccompwatch.syscall.SyscallTable.Entry;
import io.seccompwatch.syscall.SyscallTables;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code seccomp-watch syscall}: number to name and name to number, in any ABI. Prints to the
 * writers of its picocli command; used once, by one thread.
 */
@Command(
    name = "syscall",
    description = "Name a system call by its number, or number it by its name.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  seccomp-watch syscall 165                   165  mount  x86_64",
      "  seccomp-watch syscall keyctl 0xa5           several at once, hex too",
      "  seccomp-watch syscall --arch aarch64 mount",
      "  seccomp-watch syscall --arch c00000b7 227   as a record has arch= and syscall=",
      "  seccomp-watch syscall --arch all bpf        its number in every ABI",
      "  seccomp-watch syscall --list --arch i386    the whole table",
      "",
      "Prints NUMBER, NAME and ABI with tabs between; --list of one ABI only the",
      "first two. A number is the one that an audit record prints: of x32 with bit",
      "30 (0x40000000). A name may begin with sys_, SYS_ or __NR_. An ABI may also be",
      "written AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, amd64, x86-64 or 0xc000003e.",
      "Exit codes: 0 all known, 1 some unknown, 2 wrong usage."
    },
    sortOptions = false)
public final class SyscallCommand implements Callable<Integer> {
  private static final int OK = 0;
  private static final int UNKNOWN = 1;
  private static final int USAGE = 2;
  private static final String ALL = "all";
  private static final List<String> PREFIXES = List.of("sys_", "SYS_", "__NR_");

  private final SyscallTables tables;
  private final String machine;

  @Option(
      names = "--arch",
      paramLabel = "ABI",
      description = "An ABI by any of its names, as a record prints it (c000003e), or all.")
  private @Nullable String abi;

  @Option(names = "--list", description = "Print every call of the ABI.")
  private boolean list;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it by itself
  private boolean help;

  @Parameters(paramLabel = "NAME|NUMBER", arity = "0..*", description = "What to look up.")
  private List<String> calls = List.of();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  /** The command as users call it: this build's tables, and the machine's own ABI by default. */
  public SyscallCommand() {
    this(new SyscallTables(), System.getProperty("os.arch", ""));
  }

  /**
   * @param machine the default ABI, as Java's {@code os.arch} names it
   */
  public SyscallCommand(SyscallTables tables, String machine) {
    this.tables = tables;
    this.machine = machine;
  }

  /** Runs the command; see its help for what it prints and its exit codes. */
  @Override
  public Integer call() {
    List<AuditArch> archs = archs();
    if (archs.isEmpty()) {
      String known =
          tables.supported().stream().map(AuditArch::label).collect(Collectors.joining(", "));
      String wrong = abi == null ? "of this machine, '" + machine + "'" : "'" + abi + "'";
      return usage("unknown architecture: " + wrong + ": give --arch all or one of " + known);
    }
    if (list != calls.isEmpty()) {
      return usage(
          list
              ? "wrong usage: --list with '" + calls.getFirst() + "': leave out one of the two"
              : "wrong usage: nothing to look up: give a name or number, or --list");
    }
    PrintWriter out = spec.commandLine().getOut();
    int exit = OK;
    if (list) {
      archs.forEach(arch -> list(arch, out));
    }
    for (String call : calls) {
      if (!lookUp(call, archs, out)) {
        String where = ALL.equals(abi) ? "any" : "the " + archs.getFirst().label();
        error("unknown syscall: '" + call + "': not in " + where + " table");
        exit = UNKNOWN;
      }
    }
    out.flush();
    return exit;
  }

  private List<AuditArch> archs() {
    if (ALL.equals(abi)) {
      return tables.supported();
    }
    return AuditArch.ofName(abi == null ? machine : abi)
        .filter(tables.supported()::contains)
        .map(List::of)
        .orElse(List.of());
  }

  private void list(AuditArch arch, PrintWriter out) {
    for (Entry entry : tables.table(arch).orElseThrow().entries()) {
      out.print(entry.number() + "\t" + entry.name());
      out.print(ALL.equals(abi) ? "\t" + arch.label() + "\n" : "\n");
    }
  }

  private boolean lookUp(String call, List<AuditArch> archs, PrintWriter out) {
    boolean found = false;
    for (AuditArch arch : archs) {
      Optional<Entry> entry = find(call, tables.table(arch).orElseThrow());
      if (entry.isPresent()) {
        out.print(entry.get().number() + "\t" + entry.get().name() + "\t" + arch.label() + "\n");
        found = true;
      }
    }
    return found;
  }

  /** No name of the kernel begins with a digit, so a digit tells a number from a name. */
  private static Optional<Entry> find(String call, SyscallTable table) {
    if (!call.isEmpty() && Character.isDigit(call.charAt(0))) {
      return byNumber(call, table);
    }
    Optional<Entry> exact = byName(call, table);
    if (exact.isPresent()) {
      return exact; // first, because some names do begin so: sys_debug_setcontext
    }
    return PREFIXES.stream()
        .filter(call::startsWith)
        .findFirst()
        .flatMap(prefix -> byName(call.substring(prefix.length()), table));
  }

  private static Optional<Entry> byName(String name, SyscallTable table) {
    OptionalLong number = table.number(name);
    return number.isPresent() ? Optional.of(new Entry(number.getAsLong(), name)) : Optional.empty();
  }

  private static Optional<Entry> byNumber(String digits, SyscallTable table) {
    try {
      boolean hex = digits.startsWith("0x") || digits.startsWith("0X");
      long number = hex ? Long.parseLong(digits, 2, digits.length(), 16) : Long.parseLong(digits);
      return Optional.ofNullable(table.name(number)).map(name -> new Entry(number, name));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  private int usage(String message) {
    error(message);
    return USAGE;
  }

  private void error(String message) {
    PrintWriter err = spec.commandLine().getErr();
    err.print("seccomp-watch: " + message + "\n");
    err.flush();
  }
}
