/**
 * Where records are read: files that are followed through rotation, the kernel log, checkpoints.
 */
@NullMarked
package io.seccompwatch.source;

import org.jspecify.annotations.NullMarked;
