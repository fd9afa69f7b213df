package io.seccompwatch.publish;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.Books.PodName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A map of at most a fixed number of entries, shared fairly among tenants. When it is full, a
 * tenant that has at least two entries fewer than the largest tenant takes one of that tenant's
 * entries: the one that was used longest ago. A named pod takes an entry of a nameless tenant
 * already when it has one fewer. Hence n tenants that ask for enough have at least {@code limit /
 * n} entries each, rounded down, and no two of them can take an entry from each other in turns. Not
 * thread-safe: {@link Books} guards it.
 */
final class FairTable<K, V> {

  /**
   * The party that an entry counts against.
   *
   * @param pod the pod's name; null where there is none, and {@code id} says who it is instead
   * @param id the container's id, the pod's uid, or {@code host} or {@code unknown}; empty for a
   *     named pod
   */
  record Tenant(@Nullable PodName pod, String id) {

    /** The named pod, else the container by its id, else the pod by its uid, else the outcome. */
    static Tenant of(Attribution attribution) {
      Workload named = attribution.workload();
      if (named != null) {
        return new Tenant(new PodName(named.namespace(), named.pod()), "");
      }
      String id = attribution.containerId();
      if (id == null) {
        id = attribution.podUid();
      }
      return new Tenant(null, id == null ? attribution.outcome().label() : id);
    }

    @Override
    public String toString() {
      return pod == null ? id : pod.namespace() + "/" + pod.pod();
    }
  }

  private static final class Slot<K, V> {
    private final K key;
    private final Tenant tenant;
    private final V value;
    private long used;

    private Slot(K key, Tenant tenant, V value) {
      this.key = key;
      this.tenant = tenant;
      this.value = value;
    }
  }

  private final int limit;
  private final int limitOfTenant;
  private final Map<K, Slot<K, V>> entries = new HashMap<>();
  private final Map<Tenant, Set<Slot<K, V>>> ofTenant = new HashMap<>();

  /** The tenants by how many entries they have. */
  private final TreeMap<Integer, Set<Tenant>> named = new TreeMap<>();

  private final TreeMap<Integer, Set<Tenant>> nameless = new TreeMap<>();
  private long uses;

  /**
   * An empty table.
   *
   * @param limit how many entries there may be
   * @param limitOfTenant how many of them one tenant may have
   */
  FairTable(int limit, int limitOfTenant) {
    this.limit = limit;
    this.limitOfTenant = limitOfTenant;
  }

  /** Returns the key's value, which is used by that; null when the key has no entry. */
  @Nullable V get(K key) {
    Slot<K, V> entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    entry.used = ++uses;
    return entry.value;
  }

  /**
   * Adds an entry for a key that has none.
   *
   * @param value makes its value; called when there is room
   * @param gaveWay takes the tenant and the value of the entry that is removed for it
   * @return the value; null when there is no room for this tenant
   */
  @Nullable V add(K key, Tenant tenant, Supplier<V> value, BiConsumer<Tenant, V> gaveWay) {
    int own = size(tenant);
    if (own >= limitOfTenant) {
      return null;
    }
    if (entries.size() >= limit) {
      Tenant giver = giver(tenant, own);
      if (giver == null) {
        return null;
      }
      Slot<K, V> oldest = leastUsed(giver);
      remove(oldest);
      gaveWay.accept(giver, oldest.value);
    }
    Slot<K, V> entry = new Slot<>(key, tenant, value.get());
    entry.used = ++uses;
    entries.put(key, entry);
    ofTenant.computeIfAbsent(tenant, t -> new HashSet<>()).add(entry);
    moved(tenant, own, own + 1);
    return entry.value;
  }

  /** The tenant that gives up an entry; null when each has about as few as the asking one. */
  private @Nullable Tenant giver(Tenant asking, int own) {
    int pods = named.isEmpty() ? 0 : named.lastKey();
    int others = nameless.isEmpty() ? 0 : nameless.lastKey();
    if (others >= pods && others > own + (asking.pod() == null ? 1 : 0)) {
      return largest(nameless);
    }
    if (pods > own + 1) {
      return largest(named);
    }
    return asking.pod() != null && others > own ? largest(nameless) : null;
  }

  private static Tenant largest(NavigableMap<Integer, Set<Tenant>> bySize) {
    return Objects.requireNonNull(bySize.lastEntry()).getValue().iterator().next();
  }

  private Slot<K, V> leastUsed(Tenant tenant) {
    Slot<K, V> oldest = null;
    for (Slot<K, V> entry : Objects.requireNonNull(ofTenant.get(tenant))) {
      if (oldest == null || entry.used < oldest.used) {
        oldest = entry;
      }
    }
    return Objects.requireNonNull(oldest);
  }

  private void remove(Slot<K, V> entry) {
    entries.remove(entry.key);
    Set<Slot<K, V>> own = Objects.requireNonNull(ofTenant.get(entry.tenant));
    own.remove(entry);
    if (own.isEmpty()) {
      ofTenant.remove(entry.tenant);
    }
    moved(entry.tenant, own.size() + 1, own.size());
  }

  private void moved(Tenant tenant, int from, int to) {
    TreeMap<Integer, Set<Tenant>> bySize = tenant.pod() == null ? nameless : named;
    Set<Tenant> before = bySize.get(from);
    if (before != null) {
      before.remove(tenant);
      if (before.isEmpty()) {
        bySize.remove(from);
      }
    }
    if (to > 0) {
      bySize.computeIfAbsent(to, size -> new LinkedHashSet<>()).add(tenant);
    }
  }

  /** Removes the entries of these pods. */
  void remove(Set<PodName> gone, BiConsumer<K, V> removed) {
    for (PodName pod : gone) {
      Set<Slot<K, V>> own = ofTenant.getOrDefault(new Tenant(pod, ""), Set.of());
      for (Slot<K, V> entry : Set.copyOf(own)) {
        remove(entry);
        removed.accept(entry.key, entry.value);
      }
    }
  }

  /** The named pods that have entries. */
  Set<PodName> pods() {
    Set<PodName> pods = new HashSet<>();
    named.values().forEach(each -> each.forEach(tenant -> pods.add(tenant.pod())));
    return pods;
  }

  /** How many entries there are. */
  int size() {
    return entries.size();
  }

  /** How many entries the tenant has. */
  int size(Tenant tenant) {
    return ofTenant.getOrDefault(tenant, Set.of()).size();
  }

  /** How many tenants have entries. */
  int tenants() {
    return ofTenant.size();
  }

  void forEach(BiConsumer<K, V> action) {
    entries.forEach((key, entry) -> action.accept(key, entry.value));
  }
}
