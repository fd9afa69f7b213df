package io.seccompwatch.doctor;

import org.jspecify.annotations.Nullable;

/**
 * How the canary fared at one source.
 *
 * @param source the source's name
 * @param path what it reads
 * @param open whether it could be read
 * @param delayMillis from the call to the record, in milliseconds; null when none came
 * @param why why none came, as far as that is known; null when one came
 */
public record CanaryResult(
    String source, String path, boolean open, @Nullable Long delayMillis, @Nullable String why) {}
