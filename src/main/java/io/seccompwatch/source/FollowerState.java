package io.seccompwatch.source;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a follower stands; a snapshot, replaced as a whole after every poll that changed something.
 *
 * @param up whether the file at the path is open and can be read
 * @param reason why it is not, in words; null when it is
 * @param warning what is wrong although the file is read: a checkpoint that cannot be written, a
 *     sibling that cannot be read; null when nothing is
 * @param path the followed path
 * @param identity the file that is open at the path; null when none is
 * @param offset bytes of it that the sink has dealt with
 * @param size bytes of it, as last seen
 * @param lagBytes bytes seen but not yet read, in the file and in files rotated away
 * @param rotations how often the follower moved on to new content since it started
 * @param openFiles files held open: the present one and those rotated away
 * @param lastRead when bytes were last read; null when none were
 */
public record FollowerState(
    boolean up,
    @Nullable String reason,
    @Nullable String warning,
    Path path,
    @Nullable FileIdentity identity,
    long offset,
    long size,
    long lagBytes,
    long rotations,
    int openFiles,
    @Nullable Instant lastRead) {}
