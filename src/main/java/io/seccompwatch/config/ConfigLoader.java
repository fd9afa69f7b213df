package io.seccompwatch.config;

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
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Where option values come from, the stronger first: flags, environment variables, the
 * configuration file.
 */
public final class ConfigLoader {

  private static final int MAX_FILE_BYTES = 1 << 20;

  private static final String PREFIX = "SECCOMP_WATCH_";

  /** Variables beside those of the options: of the launcher, the command line and the pod. */
  private static final Set<String> OTHER_VARIABLES =
      Set.of(PREFIX + "CONFIG", PREFIX + "JAVA_OPTS", PREFIX + "POD_UID");

  /**
   * Ends of the variables that the kubelet makes for a Service of our name ({@code
   * pkg/kubelet/envvars/envvars.go}).
   */
  private static final Pattern OF_A_SERVICE =
      Pattern.compile(
          "_SERVICE_HOST$|_SERVICE_PORT(_\\w+)?$|_PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$");

  /** The address of a Service, in a variable that could be a mistyped option by its name. */
  private static final Pattern ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");

  private ConfigLoader() {}

  /**
   * Puts the three together.
   *
   * @param flags what was given on the command line
   * @param environment the process's environment; of the variables with our prefix those that
   *     Kubernetes makes for a Service are passed over
   * @param file a YAML file of option keys; null for none
   * @throws ConfigException when the file cannot be read, or has a key that is no option, or a
   *     variable with our prefix is no option
   */
  public static Map<RunOption, List<String>> merge(
      Map<RunOption, List<String>> flags, Map<String, String> environment, @Nullable Path file) {
    Map<RunOption, List<String>> merged = new EnumMap<>(RunOption.class);
    if (file != null) {
      merged.putAll(read(file));
    }
    refuseUnknown(environment);
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

  /** A mistyped variable would be without effect, and its author would not know. */
  private static void refuseUnknown(Map<String, String> environment) {
    List<String> known = new ArrayList<>(OTHER_VARIABLES);
    Stream.of(RunOption.values()).map(RunOption::variable).forEach(known::add);
    for (String name : new TreeSet<>(environment.keySet())) {
      if (name.startsWith(PREFIX) && !known.contains(name) && !isOfAService(name, environment)) {
        throw new ConfigException(
            "environment",
            "unknown variable " + name,
            NearestWord.hint(name, known)
                + "unset it; the variables are the options of 'seccomp-watch run --help'");
      }
    }
  }

  private static boolean isOfAService(String name, Map<String, String> environment) {
    return OF_A_SERVICE.matcher(name).find()
        || (name.endsWith("_PORT") && ADDRESS.matcher(environment.get(name)).matches());
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
                              NearestWord.hint(
                                      String.valueOf(key),
                                      Stream.of(RunOption.values()).map(RunOption::key).toList())
                                  + "the keys are the options of 'seccomp-watch run --help'"));
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
      // YAML 1.1 habits: on and off without quotes; an option that knows neither says what was
      // given
      return !flag ? "off" : option == RunOption.PROCESS_EVENTS ? "on" : "true";
    }
    if (value instanceof String || value instanceof Number) {
      return value.toString();
    }
    throw new ConfigException(
        "config", file + ": " + option.key() + " has no plain value", "give one value");
  }
}
