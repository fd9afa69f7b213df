package io.seccompwatch.http;

import org.jspecify.annotations.Nullable;

/** Decides who may read a page. Thread-safe. */
@FunctionalInterface
interface Access {

  /**
   * Looks at a request for a page that there is.
   *
   * @param path the page's path
   * @return why it is not answered; null when it is
   */
  @Nullable Response refuse(String path, HttpRequest asked);
}
