import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the tables of this folder from unpacked Debian packages: {@code java RegenerateTables.java
 * PINS UNPACKED OUT}. PINS is the file {@code packages}; UNPACKED holds one folder per pin, named
 * as the pin; OUT gets one {@code NAME.tsv} per ABI. The script {@code regenerate} does the rest.
 *
 * <p>The user-space headers of {@code linux-libc-dev} are the source wherever Debian ships them.
 * They are evaluated as a compiler of that ABI would, and must agree, name by name, with the
 * kernel's own {@code syscall.tbl}, which reaches them by another way. For an ABI without headers
 * the {@code syscall.tbl} is the source. Any disagreement, unknown preprocessor form or number with
 * two names ends the run with exit code 1 and the place: a wrong table is worse than none.
 */
public final class RegenerateTables {
  /** Slots that the kernel's lists number but that no call ever had. */
  private static final Pattern NOT_A_CALL =
      Pattern.compile("(reserved|unused|available)\\d*|ni_syscall|syscalls|arch_specific_syscall");

  record Pin(String packageName, String version) {
    @Override
    public String toString() {
      return packageName + " " + version;
    }
  }

  private final Map<String, Pin> pins = new HashMap<>();
  private final Path unpacked;
  private final Path out;

  private RegenerateTables(Path pinsFile, Path unpacked, Path out) throws IOException {
    for (String line : Files.readAllLines(pinsFile)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] words = line.strip().split("\\s+");
        pins.put(words[0], new Pin(words[1], words[2]));
      }
    }
    this.unpacked = unpacked;
    this.out = out;
  }

  /** See the class; exits 0, or 1 with one line that says what is wrong and where. */
  public static void main(String[] args) {
    try {
      if (args.length != 3) {
        throw new IOException("usage: java RegenerateTables.java PINS UNPACKED OUT");
      }
      var run = new RegenerateTables(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
      for (Abi abi : Abi.all()) {
        run.write(abi);
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("RegenerateTables: " + e.getMessage());
      System.exit(1);
    }
  }

  private void write(Abi abi) throws IOException {
    String source;
    TreeMap<Long, String> table;
    if (abi.headers() != null) {
      table = readHeaders(abi.headers());
      source = describe(abi.headers());
      if (abi.later() != null) {
        table.putAll(readHeaders(abi.later()).tailMap(table.lastKey(), false));
        source += "\n# Later calls: " + describe(abi.later());
      }
      if (abi.tbl() != null) {
        agree(abi, table, readTbl(abi.tbl()));
        source += "\n# Agrees with: " + describe(abi.tbl());
      }
    } else {
      table = readTbl(abi.tbl());
      source = describe(abi.tbl());
    }
    StringBuilder text = new StringBuilder();
    text.append("# System calls of ")
        .append(abi.name())
        .append(": number, TAB, name; ascending.\n");
    text.append("# Written by the script regenerate; do not edit.\n");
    text.append("# Source: ").append(source).append('\n');
    text.append("# Licence of the source: GPL-2.0 WITH Linux-syscall-note\n");
    if (!abi.note().isEmpty()) {
      text.append("# Note: ").append(abi.note()).append('\n');
    }
    table.forEach((number, name) -> text.append(number).append('\t').append(name).append('\n'));
    Files.writeString(out.resolve(abi.name() + ".tsv"), text);
  }

  private Pin pin(String name) {
    Pin pin = pins.get(name);
    if (pin == null) {
      throw new IllegalStateException("the file packages has no line for '" + name + "'");
    }
    return pin;
  }

  private String describe(Abi.Headers headers) {
    return "Debian "
        + pin(headers.pin())
        + (", usr/lib/linux/uapi/" + headers.arch() + "/asm/unistd.h");
  }

  private String describe(Abi.Tbl tbl) {
    return "Debian " + pin(tbl.pin()) + ", " + tbl.path();
  }

  /** Both ways to a table must lead to the same; the private calls of arm have no .tbl. */
  private static void agree(Abi abi, Map<Long, String> headers, Map<Long, String> tbl) {
    Map<Long, String> left = new TreeMap<>(headers);
    if (abi.name().equals("arm")) {
      left.keySet().removeIf(number -> number >= 0xf0000);
    }
    Map<Long, String> right = new TreeMap<>(tbl);
    right.entrySet().removeAll(left.entrySet());
    left.entrySet().removeAll(tbl.entrySet());
    if (!left.isEmpty() || !right.isEmpty()) {
      throw new IllegalStateException(
          abi.name() + ": only in the headers: " + left + ", only in the .tbl: " + right);
    }
  }

  private TreeMap<Long, String> readTbl(Abi.Tbl tbl) throws IOException {
    Path file = unpacked.resolve(tbl.pin()).resolve(tbl.path());
    TreeMap<Long, String> table = new TreeMap<>();
    for (String line : Files.readAllLines(file)) {
      String[] words = line.strip().split("\\s+");
      if (words.length < 3 || line.startsWith("#")) {
        continue;
      }
      if (tbl.abis().isEmpty() || tbl.abis().contains(words[1])) {
        put(table, tbl.base() + Long.parseLong(words[0]), words[2], file);
      }
    }
    return table;
  }

  private TreeMap<Long, String> readHeaders(Abi.Headers headers) throws IOException {
    Path root = unpacked.resolve(headers.pin()).resolve("usr");
    Path file = root.resolve("lib/linux/uapi/" + headers.arch() + "/asm/unistd.h");
    var unit = new Preprocessor(root, headers.arch(), headers.macros());
    unit.read(file);
    TreeMap<Long, String> table = new TreeMap<>();
    Pattern call = Pattern.compile("__(?:ARM_)?NR_([a-z_][a-z0-9_]*)");
    for (var macro : unit.macros().entrySet()) {
      Matcher matcher = call.matcher(macro.getKey());
      // A second name of a call (arm's sync_file_range2) is spelled as the macro of the first.
      if (matcher.matches() && !call.matcher(macro.getValue()).matches()) {
        put(table, unit.value(macro.getValue(), true), matcher.group(1), file);
      }
    }
    return table;
  }

  private static void put(Map<Long, String> table, long number, String name, Path file) {
    if (NOT_A_CALL.matcher(name).matches()) {
      return;
    }
    String other = table.put(number, name);
    if (other != null) {
      throw new IllegalStateException(
          file + ": " + number + " has two names: " + other + " and " + name);
    }
  }
}
