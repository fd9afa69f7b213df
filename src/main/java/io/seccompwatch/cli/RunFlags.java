package io.seccompwatch.cli;

import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.NearestWord;
import io.seccompwatch.config.RunOption;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The flags of {@code run}: {@code --option VALUE} or {@code --option=VALUE}, each of {@link
 * RunOption} and {@code --config}.
 *
 * @param options the values as they were given
 * @param config the file of {@code --config}; null when it was not given
 */
record RunFlags(Map<RunOption, List<String>> options, @Nullable String config) {

  static final String CONFIG = "--config";

  private static final String REMEDY = "see 'seccomp-watch run --help'";

  /**
   * Reads the flags.
   *
   * @throws ConfigException for one that is none, lacks its value, or is given twice
   */
  static RunFlags parse(List<String> args) {
    Map<RunOption, List<String>> options = new EnumMap<>(RunOption.class);
    String config = null;
    for (Iterator<String> rest = args.iterator(); rest.hasNext(); ) {
      String arg = rest.next();
      int equals = arg.indexOf('=');
      String flag = equals < 0 ? arg : arg.substring(0, equals);
      RunOption option = option(flag);
      if (option == null && !flag.equals(CONFIG)) {
        throw new ConfigException(
            "run",
            "unknown option '" + arg + "'",
            NearestWord.hint(
                    flag, Stream.of(RunOption.values()).map(known -> "--" + known.key()).toList())
                + REMEDY);
      }
      if (equals < 0 && !rest.hasNext()) {
        throw new ConfigException("run", flag + " wants a value", REMEDY);
      }
      String value = equals < 0 ? rest.next() : arg.substring(equals + 1);
      if (option == null) {
        if (config != null) {
          throw twice(flag);
        }
        config = value;
        continue;
      }
      List<String> values = options.computeIfAbsent(option, first -> new ArrayList<>());
      if (!values.isEmpty() && !option.repeatable()) {
        throw twice(flag);
      }
      values.add(value);
    }
    return new RunFlags(options, config);
  }

  /** The configuration file, of the flag or of the environment; null for none. */
  @Nullable Path configFile(Map<String, String> environment) {
    String file = config == null ? environment.get("SECCOMP_WATCH_CONFIG") : config;
    try {
      return file == null || file.isEmpty() ? null : Path.of(file);
    } catch (InvalidPathException e) {
      throw new ConfigException("config", "'" + file + "' is no path", "give a readable file");
    }
  }

  private static @Nullable RunOption option(String flag) {
    for (RunOption option : RunOption.values()) {
      if (flag.equals("--" + option.key())) {
        return option;
      }
    }
    return null;
  }

  private static ConfigException twice(String flag) {
    return new ConfigException("run", flag + " is given twice", REMEDY);
  }
}
