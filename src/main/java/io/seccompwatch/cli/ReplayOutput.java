package io.seccompwatch.cli;

import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.io.OutputStream;

/** How {@code replay} shows violations. Not thread-safe. */
interface ReplayOutput {

  /**
   * Takes the next violation.
   *
   * @param suppressed how many of the same kind the agent left out before it
   */
  void add(Violation violation, long suppressed) throws IOException;

  /** Takes a sum of violations that the agent left out of its lines. */
  void add(Suppressed sum) throws IOException;

  /** Writes what was held back; nothing comes after. */
  void finish() throws IOException;

  /** A JSON line for each. */
  static ReplayOutput json(OutputStream out) {
    ViolationJson json = new ViolationJson();
    return new ReplayOutput() {
      @Override
      public void add(Violation violation, long suppressed) throws IOException {
        json.writeLine(violation, suppressed, out);
      }

      @Override
      public void add(Suppressed sum) throws IOException {
        json.writeLine(sum, out);
      }

      @Override
      public void finish() throws IOException {
        out.flush();
      }
    };
  }
}
