/** The few system calls the agent makes itself; the only room with native access. */
@NullMarked
package io.seccompwatch.linux;

import org.jspecify.annotations.NullMarked;
