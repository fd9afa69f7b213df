/** The chart's alerts and dashboards, held against promtool and a real Prometheus. */
@NullMarked
package io.seccompwatch.prometheus;

import org.jspecify.annotations.NullMarked;
