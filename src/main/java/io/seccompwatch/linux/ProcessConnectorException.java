package io.seccompwatch.linux;

import java.io.IOException;

/** The process connector cannot be had; the message says why and what would help, in one line. */
public final class ProcessConnectorException extends IOException {

  private static final long serialVersionUID = 1L;

  ProcessConnectorException(String message) {
    super(message);
  }
}
