/**
 * The kernel's seccomp audit record: what lines are recognised, how they are parsed, what is
 * refused and why.
 */
@NullMarked
package io.seccompwatch.record;

import org.jspecify.annotations.NullMarked;
