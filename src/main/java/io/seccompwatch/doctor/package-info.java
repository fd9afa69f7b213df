/** What {@code doctor} looks at on a node, and how it proves that a denial would be seen. */
@NullMarked
package io.seccompwatch.doctor;

import org.jspecify.annotations.NullMarked;
