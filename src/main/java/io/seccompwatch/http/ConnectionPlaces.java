package io.seccompwatch.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The places that a server has for connections.
 *
 * <ul>
 *   <li>A connection waits: it is idle, in its handshake, sends its request, or has a small answer,
 *       health for one. When all places are taken, a new client takes the place of a waiting
 *       connection, so that connections which do nothing shut nobody out.
 *   <li>A connection answers: metrics or the query API are asked about, made or read. It keeps its
 *       place. At most three quarters of the places answer. The others are left for health.
 * </ul>
 *
 * <p>The address with the most connections loses one first: the one that has done nothing for the
 * longest time. Thread-safe.
 */
final class ConnectionPlaces {

  /** The part of the places that do not answer: one of so many. */
  private static final int WAITING_SHARE = 4;

  /** The place of one connection. */
  final class ConnectionPlace implements AutoCloseable {
    private final Socket socket;
    private final InetAddress peer;
    private boolean answering;
    private long activeAt;

    private ConnectionPlace(Socket socket) {
      this.socket = socket;
      this.peer = socket.getInetAddress();
    }

    Socket socket() {
      return socket;
    }

    /** Notes that the client did something: it is not the first to give way now. */
    void active() {
      synchronized (ConnectionPlaces.this) {
        activeAt = ++activities;
      }
    }

    /**
     * Begins an answer that keeps its place until {@link #endAnswer}.
     *
     * @return false when too many connections answer already
     */
    boolean beginAnswer() {
      return begin(this);
    }

    void endAnswer() {
      synchronized (ConnectionPlaces.this) {
        answering = false;
        activeAt = ++activities;
      }
    }

    /** Hangs up, and frees the place. */
    @Override
    public void close() {
      hangUp(socket);
      synchronized (ConnectionPlaces.this) {
        answering = false;
        all.remove(this);
      }
    }
  }

  private final int limit;

  /** With those that are hung up on and still have a thread. */
  private final Set<ConnectionPlace> all = new LinkedHashSet<>();

  private long activities;

  /** ConnectionPlaces for {@code limit} connections. */
  ConnectionPlaces(int limit) {
    this.limit = limit;
  }

  /** Returns a place, taken from a waiting connection if need be; null when there is none. */
  synchronized @Nullable ConnectionPlace take(Socket socket) {
    if (all.size() >= 2 * limit) {
      return null; // threads of closed connections have not ended yet
    }
    if (open(place -> true).size() >= limit) {
      ConnectionPlace giver =
          largest(open(place -> !place.answering)); // at least a quarter of them
      if (giver == null) {
        return null;
      }
      hangUp(giver.socket);
    }
    ConnectionPlace place = new ConnectionPlace(socket);
    place.activeAt = ++activities;
    all.add(place);
    return place;
  }

  private synchronized boolean begin(ConnectionPlace place) {
    List<ConnectionPlace> answering = open(each -> each.answering);
    if (answering.size() >= limit - Math.max(1, limit / WAITING_SHARE)) {
      ConnectionPlace giver = largest(answering);
      if (giver == null || count(answering, giver.peer) < count(answering, place.peer) + 2) {
        return false;
      }
      giver.answering = false;
      hangUp(giver.socket);
    }
    place.answering = true;
    place.activeAt = ++activities;
    return true;
  }

  private List<ConnectionPlace> open(Predicate<ConnectionPlace> condition) {
    return all.stream().filter(place -> !place.socket.isClosed()).filter(condition).toList();
  }

  private static long count(List<ConnectionPlace> places, InetAddress peer) {
    return places.stream().filter(place -> place.peer.equals(peer)).count();
  }

  /** Of the address that has the most of these places, the one that was active longest ago. */
  private static @Nullable ConnectionPlace largest(List<ConnectionPlace> places) {
    Map<InetAddress, Integer> ofEach = new HashMap<>();
    places.forEach(place -> ofEach.merge(place.peer, 1, Integer::sum));
    return places.stream()
        .max(
            Comparator.comparingInt((ConnectionPlace place) -> ofEach.getOrDefault(place.peer, 0))
                .thenComparingLong(place -> -place.activeAt))
        .orElse(null);
  }

  /** Hangs up on every connection. */
  synchronized void hangUpOnAll() {
    all.forEach(place -> hangUp(place.socket));
  }

  private static void hangUp(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed
    }
  }
}
