package io.seccompwatch.publish;

import io.seccompwatch.violation.Violation;

/** Takes violations that are in the books, and never blocks the thread that brings them. */
public interface Publisher {

  /** Takes one violation; what cannot be taken is counted by the publisher itself. */
  void publish(Violation violation);
}
