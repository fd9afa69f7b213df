package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/** Placeholder until merge. */
public record Workload(
    String namespace,
    String pod,
    @Nullable String container,
    @Nullable String image,
    @Nullable String ownerKind,
    @Nullable String ownerName) {}
