package io.seccompwatch.publish;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many Events a pod and the node may have. What a pod may have is what client-go's recorder
 * allows a source and an object: a burst of 25, then one in 5 minutes; as many again for calls that
 * were only logged, so that these never take the place of a denial. The node's keeps a profile that
 * is wrong for everybody from being told by everybody at once: with a burst of 100 and then one in
 * 2 seconds a node leaves at most 1,900 Events in etcd, which keeps them for an hour. Nothing else
 * does: the API server's EventRateLimit looks at Events of the core group only (seen in 1.36). Not
 * thread-safe.
 */
final class EventBudget {

  /** How many Events of a pod may come at once. */
  static final int POD_BURST = 25;

  /** How long it takes until a pod may have one more. */
  static final long POD_REFILL_MILLIS = 300_000;

  /** How many Events of the node may come at once. */
  static final int NODE_BURST = 100;

  /** How long it takes until the node may have one more. */
  static final long NODE_REFILL_MILLIS = 2_000;

  /** Below this the node's tokens are for denials, which say more than counts and logged calls. */
  static final int KEPT_FOR_DENIALS = NODE_BURST / 2;

  /**
   * How many pods are remembered, those with logged calls twice; the one unused longest is
   * forgotten first. A node has 110 to 500.
   */
  static final int MAX_PODS = 1_024;

  private record Share(String podUid, boolean denied) {}

  private final TokenBucket node;
  private final Map<Share, TokenBucket> pods =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Share, TokenBucket> eldest) {
          return size() > MAX_PODS;
        }
      };

  EventBudget(long now) {
    this(NODE_BURST, now);
  }

  EventBudget(int nodeBurst, long now) {
    this.node = new TokenBucket(nodeBurst, NODE_REFILL_MILLIS, now);
  }

  /** Asks for a new Event of a pod; what the one refuses is not taken from the other. */
  boolean takeNew(String podUid, boolean denied, long now) {
    TokenBucket pod =
        pods.computeIfAbsent(
            new Share(podUid, denied), share -> new TokenBucket(POD_BURST, POD_REFILL_MILLIS, now));
    if (!pod.has(0, now) || !node.has(denied ? 0 : KEPT_FOR_DENIALS, now)) {
      return false;
    }
    pod.take();
    node.take();
    return true;
  }

  /** Asks for the update of an Event. */
  boolean takeUpdate(long now) {
    if (!node.has(KEPT_FOR_DENIALS, now)) {
      return false;
    }
    node.take();
    return true;
  }

  int pods() {
    return pods.size();
  }
}
