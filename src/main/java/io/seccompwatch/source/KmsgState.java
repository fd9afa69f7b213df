package io.seccompwatch.source;

import org.jspecify.annotations.Nullable;

/**
 * How a {@link KmsgReader} is doing.
 *
 * @param up whether the device is open and being read
 * @param reason why it is not up, and what to do; null while it is up
 * @param lastSequence see {@link KmsgReader#lastSequence()}
 * @param recordsRead records handed on since the reader was made
 */
public record KmsgState(boolean up, @Nullable String reason, long lastSequence, long recordsRead) {}
