/** The way of a record from its line to its violation: duplicates, trust, losses, the workload. */
@NullMarked
package io.seccompwatch.pipeline;

import org.jspecify.annotations.NullMarked;
