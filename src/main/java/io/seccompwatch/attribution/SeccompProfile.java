package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * The seccomp profile that a pod asks for ({@code securityContext.seccompProfile}). Immutable.
 *
 * @param type {@code RuntimeDefault}, {@code Localhost} or {@code Unconfined}
 * @param localhostProfile the profile's path below the kubelet's profile directory; null unless the
 *     type is {@code Localhost}
 */
public record SeccompProfile(String type, @Nullable String localhostProfile) {}
