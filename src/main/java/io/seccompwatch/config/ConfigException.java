package io.seccompwatch.config;

/** The configuration cannot be used; the message is one line for the user. */
public final class ConfigException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Says what is wrong.
   *
   * @param where the option, or the file
   * @param what what is wrong with it
   * @param remedy what to do
   */
  public ConfigException(String where, String what, String remedy) {
    super(where + ": " + what + ": " + remedy);
  }
}
