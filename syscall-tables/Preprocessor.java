import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of a C preprocessor as the kernel's unistd headers need: conditions, includes, and macros
 * without parameters. A form beyond that is an IllegalStateException which names it. For one
 * thread.
 */
final class Preprocessor {
  private static final Pattern TOKEN =
      Pattern.compile("\\s*(0[xX][0-9a-fA-F]+|\\d+|\\w+|&&|\\|\\||[!=<>]=|[-+*!<>()])");

  private final Map<String, String> macros;
  private final Path root;
  private final String arch;

  /** One per open #if: whether its lines count, and whether one of its branches was taken. */
  private final Deque<boolean[]> branches = new ArrayDeque<>();

  /**
   * @param root the folder usr of an unpacked linux-libc-dev
   * @param arch the kernel's name of the architecture, below lib/linux/uapi
   * @param macros what the compiler of the ABI defines by itself
   */
  Preprocessor(Path root, String arch, Map<String, String> macros) {
    this.root = root;
    this.arch = arch;
    this.macros = new LinkedHashMap<>(macros);
  }

  /** Reads a header and what it includes; its macros stay. */
  void read(Path file) throws IOException {
    String text = Files.readString(file).replace("\\\n", " ").replaceAll("(?s)/\\*.*?\\*/", " ");
    for (String line : text.split("\n")) {
      String directive = line.strip();
      if (directive.startsWith("#")) {
        String[] words = directive.substring(1).strip().split("\\s+", 2);
        try {
          apply(words[0], words.length > 1 ? words[1].strip() : "");
        } catch (IllegalStateException e) {
          throw new IllegalStateException(file + ": " + directive + ": " + e.getMessage(), e);
        }
      }
    }
  }

  /** What is defined after all that was read. */
  Map<String, String> macros() {
    return Collections.unmodifiableMap(macros);
  }

  private boolean active() {
    return branches.stream().allMatch(branch -> branch[0]);
  }

  private void apply(String directive, String rest) throws IOException {
    switch (directive) {
      case "ifdef" -> open(macros.containsKey(rest));
      case "ifndef" -> open(!macros.containsKey(rest));
      case "if" -> open(active() && value(rest, false) != 0);
      case "elif" -> next(() -> value(rest, false) != 0);
      case "else" -> next(() -> true);
      case "endif" -> branches.pop();
      default -> {
        if (active()) {
          act(directive, rest);
        }
      }
    }
  }

  private void open(boolean taken) {
    branches.push(new boolean[] {taken, taken});
  }

  private void next(BooleanSupplier condition) {
    boolean[] branch = branches.peek();
    branch[0] = false;
    branch[0] = !branch[1] && active(branch) && condition.getAsBoolean();
    branch[1] |= branch[0];
  }

  private boolean active(boolean[] except) {
    return branches.stream().allMatch(branch -> branch == except || branch[0]);
  }

  private void act(String directive, String rest) throws IOException {
    switch (directive) {
      case "define" -> {
        String[] parts = rest.split("\\s+", 2);
        if (!parts[0].contains("(")) { // a macro with parameters numbers no call
          macros.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
      }
      case "undef" -> macros.remove(rest);
      case "include" -> {
        String name = rest.substring(1, rest.length() - 1);
        boolean own = name.startsWith("asm/");
        read(root.resolve(own ? "lib/linux/uapi/" + arch : "include").resolve(name));
      }
      default -> throw new IllegalStateException("a form that this tool does not know");
    }
  }

  /** The value of an expression; unknown names are 0 in a condition and an error in a number. */
  long value(String expression, boolean strict) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(expression);
    int end = 0;
    while (matcher.find() && matcher.start() == end) {
      tokens.add(matcher.group(1));
      end = matcher.end();
    }
    if (!expression.substring(end).isBlank()) {
      throw new IllegalStateException("not understood: " + expression.substring(end));
    }
    Deque<String> rest = new ArrayDeque<>(tokens);
    long value = binary(rest, 0, strict);
    if (!rest.isEmpty()) {
      throw new IllegalStateException("not understood: " + rest);
    }
    return value;
  }

  private long binary(Deque<String> rest, int weakest, boolean strict) {
    long left = unary(rest, strict);
    while (!rest.isEmpty() && strength(rest.peek()) > weakest) {
      String operator = rest.pop();
      left = apply(operator, left, binary(rest, strength(operator), strict));
    }
    return left;
  }

  private static int strength(String operator) {
    return switch (operator) {
      case "||" -> 1;
      case "&&" -> 2;
      case "==", "!=" -> 3;
      case "<", ">", "<=", ">=" -> 4;
      case "+", "-" -> 5;
      case "*" -> 6;
      default -> 0;
    };
  }

  private static long apply(String operator, long left, long right) {
    return switch (operator) {
      case "+" -> left + right;
      case "-" -> left - right;
      case "*" -> left * right;
      case "||" -> left != 0 || right != 0 ? 1 : 0;
      case "&&" -> left != 0 && right != 0 ? 1 : 0;
      case "==" -> left == right ? 1 : 0;
      case "!=" -> left != right ? 1 : 0;
      case "<" -> left < right ? 1 : 0;
      case ">" -> left > right ? 1 : 0;
      case "<=" -> left <= right ? 1 : 0;
      default -> left >= right ? 1 : 0;
    };
  }

  private long unary(Deque<String> rest, boolean strict) {
    String token = rest.isEmpty() ? "" : rest.pop();
    if (token.equals("!")) {
      return unary(rest, strict) == 0 ? 1 : 0;
    }
    if (token.equals("(")) {
      long value = binary(rest, 0, strict);
      return ")".equals(rest.poll()) ? value : fail("a parenthesis is not closed");
    }
    if (token.equals("defined")) {
      String name = "(".equals(rest.peek()) ? rest.pop() + rest.pop() + rest.poll() : rest.pop();
      return macros.containsKey(name.replaceAll("[()]", "")) ? 1 : 0;
    }
    if (!token.isEmpty() && Character.isDigit(token.charAt(0))) {
      return Long.decode(token);
    }
    if (macros.containsKey(token)) {
      return value(macros.get(token), strict);
    }
    return token.matches("\\w+") && !strict ? 0 : fail("no value for '" + token + "'");
  }

  private static long fail(String message) {
    throw new IllegalStateException(message);
  }
}
