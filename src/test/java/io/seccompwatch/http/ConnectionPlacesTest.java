package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.http.ConnectionPlaces.ConnectionPlace;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ConnectionPlacesTest {

  private final ConnectionPlaces places = new ConnectionPlaces(8);

  /** A socket that is connected to this address, as far as anybody asks. */
  private static final class Peer extends Socket {
    private final InetAddress address;

    private Peer(String address) {
      this.address = InetAddress.ofLiteral(address);
    }

    @Override
    public InetAddress getInetAddress() {
      return address;
    }
  }

  private ConnectionPlace take(String address) {
    return Objects.requireNonNull(places.take(new Peer(address)));
  }

  private List<ConnectionPlace> take(String address, int times) {
    List<ConnectionPlace> taken = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      taken.add(take(address));
    }
    return taken;
  }

  private static boolean isOpen(ConnectionPlace place) {
    return !place.socket().isClosed();
  }

  @Test
  void a_new_client_takes_the_place_of_the_one_that_did_nothing_for_longest() {
    List<ConnectionPlace> idle = take("10.0.0.1", 8);
    idle.getFirst().active();
    ConnectionPlace probe = take("10.0.0.1");
    assertThat(isOpen(probe)).isTrue();
    assertThat(idle).filteredOn(place -> !isOpen(place)).containsExactly(idle.get(1));
  }

  @Test
  void the_address_with_the_most_gives_way_first() {
    ConnectionPlace oldest = take("10.0.0.1");
    List<ConnectionPlace> flood = take("10.0.0.66", 7);
    ConnectionPlace probe = take("10.0.0.2");
    take("10.0.0.66", 6);
    assertThat(isOpen(oldest)).isTrue();
    assertThat(isOpen(probe)).isTrue();
    assertThat(flood).noneMatch(ConnectionPlacesTest::isOpen);
  }

  @Test
  void a_connection_that_answers_keeps_its_place_and_a_quarter_does_not_answer() {
    List<ConnectionPlace> answering = take("10.0.0.1", 6);
    assertThat(answering).allMatch(ConnectionPlace::beginAnswer);
    ConnectionPlace another = take("10.0.0.1");
    assertThat(another.beginAnswer()).as("too many").isFalse();
    take("10.0.0.66", 5);
    assertThat(answering).allMatch(ConnectionPlacesTest::isOpen);

    answering.getFirst().endAnswer();
    assertThat(take("10.0.0.1").beginAnswer()).isTrue();
  }

  @Test
  void an_address_that_answers_much_gives_up_its_oldest_answer_for_another_address() {
    List<ConnectionPlace> greedy = take("10.0.0.66", 6);
    greedy.forEach(ConnectionPlace::beginAnswer);
    ConnectionPlace scraper = take("10.0.0.1");
    assertThat(scraper.beginAnswer()).isTrue();
    assertThat(greedy).filteredOn(place -> !isOpen(place)).containsExactly(greedy.getFirst());
    greedy.getFirst().endAnswer();
    greedy.getFirst().close();
    assertThat(take("10.0.0.66").beginAnswer()).as("five of six are its own").isFalse();
  }

  /** Their threads and buffers are bounded, too. */
  @Test
  void who_was_hung_up_on_counts_until_its_thread_has_ended() {
    List<ConnectionPlace> taken = take("10.0.0.1", 16);
    assertThat(places.take(new Peer("10.0.0.2"))).isNull();
    taken.getFirst().close();
    assertThat(places.take(new Peer("10.0.0.2"))).isNotNull();
  }

  @Test
  void a_closed_place_is_free() {
    take("10.0.0.1", 8).forEach(ConnectionPlace::close);
    List<ConnectionPlace> again = take("10.0.0.2", 8);
    assertThat(again).allMatch(ConnectionPlacesTest::isOpen);
  }
}
