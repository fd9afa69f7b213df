package io.seccompwatch.http;

import java.net.InetSocketAddress;

/** Serves a {@link Site} until it is closed. Thread-safe. */
public sealed interface WebServer extends AutoCloseable permits HttpApi, HttpsApi {

  /** The address that is served, with the port that was picked. */
  InetSocketAddress address();

  /** Hangs up on everybody, and frees the address. */
  @Override
  void close();
}
