/** What several tests share: sample violations, a clock that is set, bounded waiting. */
@NullMarked
package io.seccompwatch.testing;

import org.jspecify.annotations.NullMarked;
