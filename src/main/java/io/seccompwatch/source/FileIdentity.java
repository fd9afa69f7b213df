package io.seccompwatch.source;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which file this is, whatever its name.
 *
 * @param key device and inode, as the JDK's {@code fileKey()} prints them
 * @param birth when the inode was made: it tells a deleted and re-created file that got the same
 *     inode. Null where the file system keeps no such time or it cannot be told from the time of
 *     the last write, which the JDK gives in its place
 */
public record FileIdentity(String key, @Nullable Instant birth) {

  /** Whether both may be the same file; a birth that one of them lacks does not count. */
  public boolean sameAs(FileIdentity other) {
    return key.equals(other.key)
        && (birth == null || other.birth == null || birth.equals(other.birth));
  }

  /** Whether both are surely the same file. */
  boolean surelySameAs(FileIdentity other) {
    return key.equals(other.key) && birth != null && birth.equals(other.birth);
  }
}
