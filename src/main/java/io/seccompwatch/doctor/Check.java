package io.seccompwatch.doctor;

import java.util.List;

/** Looks at one part of the node. */
@FunctionalInterface
interface Check {

  /**
   * What it finds, in the order in which it is to be shown. What cannot be read is a finding, too,
   * and no exception.
   */
  List<Finding> run();
}
