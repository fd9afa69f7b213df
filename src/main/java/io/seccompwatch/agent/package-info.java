/** Wiring and life cycle; the only place where objects are put together. */
@NullMarked
package io.seccompwatch.agent;

import org.jspecify.annotations.NullMarked;
