package io.seccompwatch.doctor;

import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * One file of a kubelet's configuration (KubeletConfiguration, v1beta1): YAML, of which JSON is a
 * part.
 *
 * @param seccompDefault what it says; empty when it does not
 * @param problem why it could not be read; null when it could
 */
record KubeletConfig(Optional<Boolean> seccompDefault, @Nullable String problem) {

  private static final String KEY = "seccompDefault";

  static KubeletConfig of(Content file) {
    if (file.text() == null) {
      return new KubeletConfig(Optional.empty(), file.path() + ": " + file.why());
    }
    try {
      LoadSettings settings =
          LoadSettings.builder()
              .setLabel(file.path().toString())
              .setAllowDuplicateKeys(true)
              .setMaxAliasesForCollections(50)
              .build();
      return new Load(settings).loadFromString(file.text()) instanceof Map<?, ?> document
          ? new KubeletConfig(Optional.ofNullable(document.get(KEY)).map(KubeletConfig::is), null)
          : new KubeletConfig(Optional.empty(), null);
    } catch (YamlEngineException | StackOverflowError e) { // the parser recurses
      return new KubeletConfig(Optional.empty(), file.path() + ": is no YAML");
    }
  }

  /** The kubelet's parser is of YAML 1.1, which has more words for it. */
  private static boolean is(Object value) {
    return switch (String.valueOf(value).toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on", "y" -> true;
      default -> false;
    };
  }
}
