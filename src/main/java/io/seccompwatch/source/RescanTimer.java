package io.seccompwatch.source;

import java.time.Duration;

/** When to look at the names again although nothing shows. Owned by the follower's thread. */
final class RescanTimer {

  private final long retryAfter;
  private boolean atOnce = true;
  private boolean retryWanted;
  private long retryAt;

  RescanTimer(Duration retryAfter) {
    this.retryAfter = retryAfter.toNanos();
  }

  boolean isDue(long now) {
    return atOnce || (retryWanted && now - retryAt >= 0);
  }

  void atOnce() {
    atOnce = true;
  }

  /** Something could not be read or may soon hold more: asks for a look after a while. */
  void later(long now) {
    retryAt = now + retryAfter;
    retryWanted = true;
  }

  /** Notes a look: it need not be repeated unless the names changed under it. */
  void looked(boolean stable) {
    atOnce = !stable;
    retryWanted = false;
  }
}
