package io.seccompwatch.doctor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * Asks one address of an agent for a page. The certificate must be good for the name in the URL,
 * not for the address, which no HTTP client of the JDK can be told. HTTP/1.0 is spoken: an answer
 * is one piece, and the connection ends with it.
 */
record AgentClient(AgentTarget target) {

  /** More than an agent's metrics are at their cap. */
  private static final int MAX_ANSWER = 16 << 20;

  private static final int BUFFER = 16 * 1_024;
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration WHOLE = Duration.ofSeconds(10);

  /** An answer. */
  record Answer(int status, String body) {}

  /**
   * Asks.
   *
   * @throws IOException when there is no answer, with the reason
   */
  Answer get(InetAddress address, String path) throws IOException {
    long deadline = System.nanoTime() + WHOLE.toNanos();
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(address, target.port()), (int) CONNECT.toMillis());
      plain.setSoTimeout(left(deadline));
      if (target.tls() == null) {
        return ask(plain, path, deadline);
      }
      try (SSLSocket socket =
          (SSLSocket) target.tls().createSocket(plain, target.host(), target.port(), true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return ask(socket, path, deadline);
      }
    }
  }

  private Answer ask(Socket socket, String path, long deadline) throws IOException {
    String name = target.host().indexOf(':') >= 0 ? "[" + target.host() + "]" : target.host();
    StringBuilder request = new StringBuilder(256);
    request.append("GET ").append(path).append(" HTTP/1.0\r\nHost: ").append(name);
    request.append(':').append(target.port());
    request.append("\r\nUser-Agent: seccomp-watch/").append(target.version());
    if (target.token() != null) {
      request.append("\r\nAuthorization: Bearer ").append(target.token());
    }
    request.append("\r\n\r\n");
    socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    return answer(whole(socket, deadline));
  }

  private static String whole(Socket socket, long deadline) throws IOException {
    InputStream in = socket.getInputStream();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[BUFFER];
    while (true) {
      socket.setSoTimeout(left(deadline));
      int read = in.read(buffer);
      if (read < 0) {
        return all.toString(StandardCharsets.UTF_8);
      }
      all.write(buffer, 0, read);
      if (all.size() > MAX_ANSWER) {
        throw new IOException("an answer of more than " + (MAX_ANSWER >> 20) + " MiB");
      }
    }
  }

  /** The milliseconds that are left; 0 would be for ever. */
  private static int left(long deadline) throws SocketTimeoutException {
    long millis = (deadline - System.nanoTime()) / 1_000_000;
    if (millis <= 0) {
      throw new SocketTimeoutException("no whole answer within " + WHOLE.toSeconds() + " s");
    }
    return (int) millis;
  }

  private static Answer answer(String text) throws IOException {
    int end = text.indexOf("\r\n\r\n");
    String[] words = text.substring(0, Math.max(0, end)).split("\\s", 3);
    if (end < 0 || words.length < 2 || !words[0].toUpperCase(Locale.ROOT).startsWith("HTTP/1.")) {
      throw new IOException("the answer is no HTTP");
    }
    try {
      return new Answer(Integer.parseInt(words[1]), text.substring(end + 4));
    } catch (NumberFormatException e) {
      throw new IOException("the answer has no status", e);
    }
  }
}
