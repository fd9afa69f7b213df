package io.seccompwatch.doctor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What rsyslog's configuration says of its modules, in both of its languages: {@code
 * module(load="imklog" …)}, over as many lines as it likes, and {@code $ModLoad imklog} with {@code
 * $…} directives. What conditions around a setting mean is not understood. Names and values are in
 * lower case, as rsyslog compares them.
 *
 * @param modules the parameters of each module that is loaded
 * @param directives the values of the old directives, the last of each
 */
record RsyslogConf(Map<String, Map<String, String>> modules, Map<String, String> directives) {

  private static final Pattern OBJECT = Pattern.compile("\\b(module|input)\\s*\\(([^)]*)\\)");
  private static final Pattern PARAMETER =
      Pattern.compile("([a-z][a-z0-9._]*)\\s*=\\s*\"([^\"]*)\"");
  private static final String LOAD = "$modload";

  /** Reads the text of the files in their order. */
  static RsyslogConf of(List<String> lines) {
    Map<String, Map<String, String>> modules = new HashMap<>();
    Map<String, String> directives = new HashMap<>();
    List<String> rest = new ArrayList<>();
    for (String line : lines) {
      String plain = withoutComment(line).strip().toLowerCase(Locale.ROOT);
      if (plain.startsWith("$")) {
        String[] words = plain.split("\\s+", 3);
        String value = words.length > 1 ? words[1] : "";
        if (words[0].equals(LOAD)) {
          modules.computeIfAbsent(module(value), none -> new HashMap<>());
        } else {
          directives.put(words[0], value);
        }
      } else {
        rest.add(plain);
      }
    }
    Matcher objects = OBJECT.matcher(String.join(" ", rest));
    while (objects.find()) {
      Map<String, String> parameters = new HashMap<>();
      Matcher parameter = PARAMETER.matcher(objects.group(2));
      while (parameter.find()) {
        parameters.put(parameter.group(1), parameter.group(2));
      }
      String name = parameters.get(objects.group(1).equals("module") ? "load" : "type");
      if (name != null) {
        modules.computeIfAbsent(module(name), none -> new HashMap<>()).putAll(parameters);
      }
    }
    return new RsyslogConf(modules, directives);
  }

  boolean loads(String module) {
    return modules.containsKey(module);
  }

  /** A module's parameter, or what the old directive says; null when neither is there. */
  @Nullable String setting(String module, String parameter, String directive) {
    String value = modules.getOrDefault(module, Map.of()).get(parameter);
    return value == null ? directives.get(directive) : value;
  }

  /** A module may be loaded by its path. */
  private static String module(String name) {
    String file = name.substring(name.lastIndexOf('/') + 1);
    return file.endsWith(".so") ? file.substring(0, file.length() - 3) : file;
  }

  /** Of quotes only the double one is a string's here: names of files may hold the other. */
  private static String withoutComment(String line) {
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      quoted ^= c == '"';
      if (c == '#' && !quoted) {
        return line.substring(0, i);
      }
    }
    return line;
  }
}
