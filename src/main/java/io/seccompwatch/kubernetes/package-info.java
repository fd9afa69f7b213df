/**
 * The API server: this node's pods are read from it, Events are written to it. The only room that
 * uses the Kubernetes client.
 */
@NullMarked
package io.seccompwatch.kubernetes;

import org.jspecify.annotations.NullMarked;
