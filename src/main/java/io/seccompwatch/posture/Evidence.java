package io.seccompwatch.posture;

import org.jspecify.annotations.Nullable;

/** What is known of the filter that a container's runtime loaded. Immutable. */
sealed interface Evidence {

  /** The runtime's own configuration of the container. */
  record Configured(Loaded filter) implements Evidence {}

  /** The same, and it says that no filter is loaded. */
  record ConfiguredWithout() implements Evidence {}

  /**
   * The Localhost profile's file, as it is now.
   *
   * @param older whether it is certain that the container started when the file was like that
   */
  record ProfileFile(Loaded filter, boolean older) implements Evidence {}

  /**
   * Neither could be read.
   *
   * @param profile why the Localhost profile's file could not; null when none is asked for
   */
  record None(@Nullable String profile) implements Evidence {}
}
