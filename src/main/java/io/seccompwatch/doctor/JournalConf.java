package io.seccompwatch.doctor;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * journald's configuration as systemd puts it together: the main file, then the additions of all
 * directories in the order of their names, of which a directory further down replaces those of the
 * same name.
 */
final class JournalConf {

  private static final String MAIN = "etc/systemd/journald.conf";
  private static final List<String> DIRECTORIES =
      List.of(
          "usr/lib/systemd/journald.conf.d",
          "usr/local/lib/systemd/journald.conf.d",
          "run/systemd/journald.conf.d",
          "etc/systemd/journald.conf.d");

  private JournalConf() {}

  /** The last value of every key; empty ones, which mean the default, are left out. */
  static Map<String, String> read(NodeFiles node) {
    Map<String, Path> additions = new TreeMap<>();
    for (String directory : DIRECTORIES) {
      NodeFiles.list(node.host(directory), ".conf")
          .forEach(file -> additions.put(String.valueOf(file.getFileName()), file));
    }
    Map<String, String> settings = new HashMap<>();
    add(node.host(MAIN), settings);
    additions.values().forEach(file -> add(file, settings));
    return settings;
  }

  private static void add(Path file, Map<String, String> settings) {
    for (String line : NodeFiles.read(file).lines()) {
      int equals = line.indexOf('=');
      if (equals > 0 && !line.startsWith("#") && !line.startsWith(";")) {
        String value = line.substring(equals + 1).strip();
        String key = line.substring(0, equals).strip();
        if (value.isEmpty()) {
          settings.remove(key);
        } else {
          settings.put(key, value);
        }
      }
    }
  }
}
