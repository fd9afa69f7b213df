package io.seccompwatch.agent;

import io.seccompwatch.linux.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Where option values come from, the stronger first: flags, environment variables, the
 * configuration file.
 */
public final class ConfigSources {

  private static final int MAX_FILE_BYTES = 1 << 20;

  private ConfigSources() {}

  /**
   * Puts the three together.
   *
   * @param flags what was given on the command line
   * @param environment the process's environment; variables that are no option of ours are left
   *     alone, since Kubernetes makes some of that prefix for a Service
   * @param file a YAML file of option keys; null for none
   * @throws ConfigException when the file cannot be read or has a key that is no option
   */
  public static Map<RunOption, List<String>> merge(
      Map<RunOption, List<String>> flags, Map<String, String> environment, @Nullable Path file) {
    Map<RunOption, List<String>> merged = new EnumMap<>(RunOption.class);
    if (file != null) {
      merged.putAll(read(file));
    }
    for (RunOption option : RunOption.values()) {
      String value = environment.get(option.variable());
      if (value != null && !value.isBlank()) {
        merged.put(
            option,
            option.repeatable()
                ? Stream.of(value.split(",")).map(String::strip).toList()
                : List.of(value));
      }
    }
    flags.forEach(
        (option, values) -> {
          if (!values.isEmpty()) {
            merged.put(option, List.copyOf(values));
          }
        });
    return merged;
  }

  private static Map<RunOption, List<String>> read(Path file) {
    Object document;
    try {
      String text = text(file);
      LoadSettings settings = LoadSettings.builder().setLabel(file.toString()).build();
      document = new Load(settings).loadFromString(text);
    } catch (CharacterCodingException e) {
      throw new ConfigException("config", file + " is no UTF-8 text", "give a YAML file");
    } catch (NoSuchFileException e) {
      throw new ConfigException("config", file + " is not there", "give an existing file");
    } catch (FileSystemException e) {
      String why = e.getReason() == null ? "permission denied" : e.getReason();
      throw new ConfigException(
          "config", file + " cannot be read (" + why + ")", "give a readable file");
    } catch (IOException e) {
      throw new ConfigException(
          "config", file + " cannot be read (" + e.getMessage() + ")", "give a readable file");
    } catch (StackOverflowError e) {
      // The parser recurses, and bounds only what aliases add
      throw new ConfigException("config", file + " is nested too deeply", "give plain values");
    } catch (YamlEngineException e) {
      String firstLines = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
      throw new ConfigException("config", file + " is no YAML", firstLines);
    }
    if (document == null) {
      return Map.of();
    }
    if (!(document instanceof Map<?, ?> keys)) {
      throw new ConfigException("config", file + " is no map", "give lines of the form key: value");
    }
    Map<RunOption, List<String>> options = new EnumMap<>(RunOption.class);
    keys.forEach(
        (key, value) -> {
          RunOption option =
              RunOption.ofKey(String.valueOf(key))
                  .orElseThrow(
                      () ->
                          new ConfigException(
                              "config",
                              file + ": unknown key '" + key + "'",
                              "the keys are the options of 'seccomp-watch run --help'"));
          options.put(option, values(file, option, value));
        });
    return options;
  }

  /**
   * Never more than the bound, and nothing of a FIFO or a device, which may wait or never end. A
   * descriptor that the caller has opened, as a shell does for {@code <(command)}, may be a pipe.
   */
  private static String text(Path file) throws IOException {
    byte[] bytes;
    if (!isDescriptor(file)) {
      RegularFile.check(file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    }
    if (bytes.length > MAX_FILE_BYTES) {
      throw new ConfigException("config", file + " is larger than 1 MiB", "give another file");
    }
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  private static boolean isDescriptor(Path file) {
    String path = file.toString();
    return path.equals("/dev/stdin")
        || path.startsWith("/dev/fd/")
        || path.startsWith("/proc/self/fd/");
  }

  private static List<String> values(Path file, RunOption option, @Nullable Object value) {
    if (value instanceof List<?> list && option.repeatable()) {
      List<String> values = new ArrayList<>();
      for (Object each : list) {
        values.add(scalar(file, option, each));
      }
      return values;
    }
    return List.of(scalar(file, option, value));
  }

  private static String scalar(Path file, RunOption option, @Nullable Object value) {
    if (value instanceof Boolean flag) {
      // YAML 1.1 habits: off without quotes
      return flag ? "on" : "off";
    }
    if (value instanceof String || value instanceof Number) {
      return value.toString();
    }
    throw new ConfigException(
        "config", file + ": " + option.key() + " has no plain value", "give one value");
  }
}
