/** The seccomp-watch node agent; each package below is a room on the way of a record. */
@NullMarked
package io.seccompwatch;

import org.jspecify.annotations.NullMarked;
