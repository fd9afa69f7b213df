package io.seccompwatch.posture;

import io.seccompwatch.profile.Profile;
import io.seccompwatch.record.SeccompAction;
import java.util.Set;

/**
 * The few bits of a profile that are kept of it while its container runs. Immutable.
 *
 * @param actions what it can return
 * @param logs whether it is loaded with {@link Profile#FLAG_LOG}
 * @param answersNewer whether runc answers calls that are newer than all in the profile with ENOSYS
 *     by that filter, whatever its default action; it does unless that lets calls pass ({@code
 *     generatePatch} in libcontainer/seccomp/patchbpf, since 1.0.0-rc93)
 */
record Loaded(Set<SeccompAction> actions, boolean logs, boolean answersNewer) {

  static Loaded of(Profile profile) {
    boolean lenient =
        switch (profile.defaultAction()) {
          case ALLOW, LOG, TRACE -> true;
          default -> false;
        };
    return new Loaded(profile.actions(), profile.logs(), !lenient);
  }
}
