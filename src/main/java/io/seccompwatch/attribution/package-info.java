/** From a PID to its container and pod: cgroup paths, procfs, process history. */
@NullMarked
package io.seccompwatch.attribution;

import org.jspecify.annotations.NullMarked;
