/** Names of system calls, per ABI, from the tables in syscall-tables/. */
@NullMarked
package io.seccompwatch.syscall;

import org.jspecify.annotations.NullMarked;
