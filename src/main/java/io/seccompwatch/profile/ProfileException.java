package io.seccompwatch.profile;

/** A text that is no seccomp profile or no OCI configuration; the message says what is wrong. */
public final class ProfileException extends Exception {

  private static final long serialVersionUID = 1L;

  /** With what is wrong, in words. */
  public ProfileException(String message) {
    super(message);
  }
}
