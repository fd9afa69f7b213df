package io.seccompwatch.publish;

/** A budget that is full at first and refills one by one. Not thread-safe. */
final class TokenBucket {

  private final int burst;
  private final long refillMillis;
  private double tokens;
  private long refilledAt;

  TokenBucket(int burst, long refillMillis, long now) {
    this.burst = burst;
    this.refillMillis = refillMillis;
    this.tokens = burst;
    this.refilledAt = now;
  }

  /** Whether more than {@code reserve} tokens are left. */
  boolean has(int reserve, long now) {
    long elapsed = Math.max(0, now - refilledAt);
    tokens = Math.min(burst, tokens + (double) elapsed / refillMillis);
    refilledAt = now;
    return tokens >= reserve + 1;
  }

  /** Takes one; only after {@link #has}. */
  void take() {
    tokens--;
  }
}
