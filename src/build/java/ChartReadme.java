import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the table of the chart's values into its README, between two marks, from the comments of
 * values.yaml: {@code ChartReadme CHART --check|--write}. A comment that begins with {@code # --}
 * belongs to the key below it; each key that has no keys of its own must have one. Exits 1 when the
 * table is not up to date, or a key has no comment.
 *
 * <p>It reads the YAML of that one file, not of any: two spaces a level, and values on their key's
 * line.
 */
public final class ChartReadme {
  private static final String BEGIN = "<!-- values: written by src/build/java/ChartReadme.java -->";
  private static final String END = "<!-- end of values -->";

  private record Value(String key, String fallback, String meaning) {}

  private ChartReadme() {}

  public static void main(String[] args) throws IOException {
    Path chart = Path.of(args[0]);
    Path readme = chart.resolve("README.md");
    String table = table(values(Files.readAllLines(chart.resolve("values.yaml"))));
    String was = Files.readString(readme);
    int begin = was.indexOf(BEGIN);
    int end = was.indexOf(END);
    if (begin < 0 || end < begin) {
      fail(readme + " has no place for the values: " + BEGIN + " … " + END);
    }
    String is = was.substring(0, begin + BEGIN.length()) + "\n" + table + was.substring(end);
    if (args[1].equals("--write")) {
      Files.writeString(readme, is);
    } else if (!is.equals(was)) {
      fail(readme + " is not up to date: mvn -q initialize exec:exec@chart-readme");
    }
  }

  private static List<Value> values(List<String> lines) {
    List<Value> values = new ArrayList<>();
    List<String> path = new ArrayList<>();
    StringBuilder comment = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      String text = line.strip();
      if (text.startsWith("# -- ")) {
        comment = new StringBuilder(text.substring(5));
      } else if (text.startsWith("#")) {
        comment.append(comment.isEmpty() ? "" : text.substring(1));
      } else if (!text.isEmpty()) {
        int level = line.indexOf(text) / 2;
        while (path.size() > level) {
          path.removeLast();
        }
        int colon = text.indexOf(':');
        path.add(text.substring(0, colon));
        String value = text.substring(colon + 1).strip();
        String key = String.join(".", path);
        if (!value.isEmpty()) {
          if (comment.isEmpty()) {
            fail("values.yaml:" + (i + 1) + ": " + key + " has no comment: begin one with # --");
          }
          values.add(new Value(key, value, comment.toString()));
        }
        comment = new StringBuilder();
      }
    }
    return values;
  }

  private static String table(List<Value> values) {
    StringBuilder table = new StringBuilder("| value | default | meaning |\n|---|---|---|\n");
    for (Value value : values) {
      table
          .append("| `")
          .append(value.key())
          .append("` | `")
          .append(value.fallback().replace("|", "\\|"))
          .append("` | ")
          .append(value.meaning().replace("|", "\\|"))
          .append(" |\n");
    }
    return table.toString();
  }

  private static void fail(String what) {
    System.err.println(what);
    System.exit(1);
  }
}
