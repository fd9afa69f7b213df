/** Which seccomp filter each container of the node runs under, and whether its denials are seen. */
@NullMarked
package io.seccompwatch.posture;

import org.jspecify.annotations.NullMarked;
