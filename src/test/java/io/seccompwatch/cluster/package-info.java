/**
 * A real API server for tests: {@link io.seccompwatch.cluster.ApiServerUnderTest} starts and
 * restarts it, {@link io.seccompwatch.cluster.TestPod} is a pod as a kubelet would have it. Tests
 * that use it carry the tag {@code kubernetes}.
 */
@NullMarked
package io.seccompwatch.cluster;

import org.jspecify.annotations.NullMarked;
