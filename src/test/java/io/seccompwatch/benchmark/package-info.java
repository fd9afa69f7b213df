/**
 * Benchmarks, which measure and assert nothing: JMH for the parts, and what the scripts of {@code
 * src/test/bench} need for the whole.
 *
 * <pre>
 * mvn -q test-compile exec:exec@benchmark -Dbenchmark=Scan   # or Parse, Publish, .* for all
 * mvn -q -DskipTests package                                 # what the scripts measure
 * src/test/bench/macro                                       # replay beside grep and ausearch
 * src/test/bench/agent start|idle|load                       # the running agent
 * </pre>
 */
@NullMarked
package io.seccompwatch.benchmark;

import org.jspecify.annotations.NullMarked;
