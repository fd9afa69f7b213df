import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks or mends the formatting of every Java file below the given folders with
 * google-java-format: {@code FormatSources JAR --dry-run|--replace FOLDER…}. Exits 1 and names the
 * files when a check finds one that is not formatted.
 */
public final class FormatSources {
  private FormatSources() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    boolean check = args[1].equals("--dry-run");
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    for (String part : List.of("api", "code", "file", "parser", "tree", "util")) {
      command.add("--add-exports=jdk.compiler/com.sun.tools.javac." + part + "=ALL-UNNAMED");
    }
    command.addAll(List.of("-jar", args[0]));
    command.addAll(check ? List.of("--dry-run", "--set-exit-if-changed") : List.of("--replace"));
    for (int i = 2; i < args.length; i++) {
      try (var files = Files.walk(Path.of(args[i]))) {
        files.map(Path::toString).filter(f -> f.endsWith(".java")).sorted().forEach(command::add);
      }
    }
    int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (exit != 0) {
      System.err.println(
          check
              ? "The files above are not formatted; mend them with: mvn -q process-sources"
                  + " -Dformat.mode=--replace"
              : "google-java-format failed with exit code " + exit);
      System.exit(1);
    }
  }
}
