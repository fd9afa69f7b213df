package io.seccompwatch.http;

import java.io.IOException;

/** Answers GET requests for one path. Thread-safe. */
@FunctionalInterface
public interface Page {

  /**
   * What a page may know of a request; all of it is hostile.
   *
   * @param query the raw query string, empty when there is none
   * @param accept the Accept header, empty when there is none
   */
  record Request(String query, String accept) {}

  /** Makes the answer to a request. */
  Response get(Request request) throws IOException;
}
