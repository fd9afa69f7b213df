package io.seccompwatch.publish;

/**
 * How the kernel's process connector is doing, for metrics and the status page. Immutable.
 *
 * @param active whether its events are being read
 * @param how why they are not; with how large a buffer when they are
 * @param events how many were read
 * @param lost how many are known to be lost
 * @param processes how many living processes are remembered
 * @param tombstones how many ended ones are
 */
public record ProcessEventsStatus(
    boolean active, String how, long events, long lost, int processes, int tombstones) {

  /** They are not read, and why. */
  public static ProcessEventsStatus off(String why) {
    return new ProcessEventsStatus(false, why, 0, 0, 0, 0);
  }
}
