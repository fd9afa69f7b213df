/** Commands; nothing but argument handling and printing. */
@NullMarked
package io.seccompwatch.cli;

import org.jspecify.annotations.NullMarked;
