/**
 * Benchmarks, which measure and assert nothing: JMH for the parts, and what the scripts of {@code
 * src/test/bench} need for the whole. CONTRIBUTING.md says how to run them.
 */
@NullMarked
package io.seccompwatch.benchmark;

import org.jspecify.annotations.NullMarked;
