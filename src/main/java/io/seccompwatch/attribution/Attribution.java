package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/** Placeholder until merge. */
public record Attribution(
    Outcome outcome,
    @Nullable Evidence by,
    @Nullable Reason reason,
    @Nullable String podUid,
    @Nullable String containerId,
    @Nullable Workload workload) {

  public enum Outcome {
    CONTAINER,
    POD,
    HOST,
    UNKNOWN;

    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  public enum Evidence {
    PROCFS,
    HISTORY;

    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  public enum Reason {
    PROCESS_GONE;

    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }
}
