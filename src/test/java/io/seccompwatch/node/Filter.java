package io.seccompwatch.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A seccomp section of an OCI configuration: allows everything but what it names. */
final class Filter {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<List<String>, String> actions = new LinkedHashMap<>();
  private boolean telling;

  /** A filter that allows all. */
  static Filter allowing() {
    return new Filter();
  }

  /** Gives the calls an action, {@code SCMP_ACT_LOG} say. */
  Filter but(String action, String... calls) {
    actions.put(List.of(calls), action);
    return this;
  }

  /** Loads it with the flag that has the kernel record the actions that are silent by default. */
  Filter telling() {
    telling = true;
    return this;
  }

  ObjectNode json() {
    ObjectNode seccomp = JSON.createObjectNode();
    seccomp.put("defaultAction", "SCMP_ACT_ALLOW");
    // Both, as the runtimes' own profiles do: without the second, every 32-bit call kills.
    seccomp.putArray("architectures").add("SCMP_ARCH_X86_64").add("SCMP_ARCH_X86");
    if (telling) {
      seccomp.putArray("flags").add("SECCOMP_FILTER_FLAG_LOG");
    }
    ArrayNode syscalls = seccomp.putArray("syscalls");
    actions.forEach(
        (calls, action) -> {
          ObjectNode entry = syscalls.addObject().put("action", action);
          calls.forEach(entry.withArray("names")::add);
        });
    return seccomp;
  }
}
