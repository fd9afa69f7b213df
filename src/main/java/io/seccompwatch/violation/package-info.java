/** A record with its syscall's name and its attribution: the one value that publishers know. */
@NullMarked
package io.seccompwatch.violation;

import org.jspecify.annotations.NullMarked;
