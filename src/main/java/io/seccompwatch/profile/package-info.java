/** Seccomp profiles as container runtimes read them, and what of them the kernel writes down. */
@NullMarked
package io.seccompwatch.profile;

import org.jspecify.annotations.NullMarked;
