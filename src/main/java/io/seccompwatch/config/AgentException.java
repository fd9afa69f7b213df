package io.seccompwatch.config;

/** The agent cannot start or go on; the message is one line for the user. */
public final class AgentException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Says what failed, where, and what to do. */
  public AgentException(String message) {
    super(message);
  }
}
