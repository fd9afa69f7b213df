package io.seccompwatch.cli;

import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.io.OutputStream;

/** How {@code replay} shows violations. Not thread-safe. */
interface ReplayOutput {

  /** Takes the next violation. */
  void add(Violation violation) throws IOException;

  /** Writes what was held back; nothing comes after. */
  void finish() throws IOException;

  /** A JSON line for each. */
  static ReplayOutput json(OutputStream out) {
    ViolationJson json = new ViolationJson();
    return new ReplayOutput() {
      @Override
      public void add(Violation violation) throws IOException {
        json.writeLine(violation, 0, out);
      }

      @Override
      public void finish() throws IOException {
        out.flush();
      }
    };
  }
}
