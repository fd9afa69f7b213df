/** The options of an agent: where their values come from, and how each is checked. */
@NullMarked
package io.seccompwatch.config;

import org.jspecify.annotations.NullMarked;
