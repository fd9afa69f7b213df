/** /metrics, health and the query API. */
@NullMarked
package io.seccompwatch.http;

import org.jspecify.annotations.NullMarked;
