/**
 * The chart {@code helm/seccomp-watch}, rendered by Helm itself: what its values come to, what they
 * refuse, and whether Kubernetes would take it.
 */
@NullMarked
package io.seccompwatch.chart;

import org.jspecify.annotations.NullMarked;
