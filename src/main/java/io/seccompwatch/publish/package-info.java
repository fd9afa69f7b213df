/** Metrics, JSON lines and the books that must balance. */
@NullMarked
package io.seccompwatch.publish;

import org.jspecify.annotations.NullMarked;
