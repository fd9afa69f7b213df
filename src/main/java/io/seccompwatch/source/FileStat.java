package io.seccompwatch.source;

import io.seccompwatch.source.FileAccess.FileIdentity;
import java.time.Instant;

/**
 * What a look at a path told.
 *
 * @param identity which file it is
 * @param size in bytes, as stored
 * @param regular whether it is a regular file: nothing else is opened
 * @param modified when it was last written; of a directory: when a name in it last changed
 */
record FileStat(FileIdentity identity, long size, boolean regular, Instant modified) {}
