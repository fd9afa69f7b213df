package io.seccompwatch.publish;

import org.jspecify.annotations.Nullable;

/**
 * How a source is doing, for metrics and the status page.
 *
 * @param name {@code audit-log}, {@code syslog}, {@code kmsg} or {@code audit-netlink}
 * @param path what it reads
 * @param up whether it can be read now
 * @param problem why it is not up, in words with a remedy; null when it is
 * @param lagBytes bytes that are written and not yet read; 0 for the kernel's log and its audit
 *     socket
 * @param rotations how often the followed file was rotated
 */
public record SourceStatus(
    String name,
    String path,
    boolean up,
    @Nullable String problem,
    long lagBytes,
    long rotations) {}
