package io.seccompwatch.posture;

import io.seccompwatch.profile.Profile;
import io.seccompwatch.record.SeccompAction;
import java.util.Set;

/**
 * The few bits of a profile that are kept of it while its container runs. Immutable.
 *
 * @param actions what it can return
 * @param logs whether it is loaded with {@link Profile#FLAG_LOG}
 */
record Loaded(Set<SeccompAction> actions, boolean logs) {

  static Loaded of(Profile profile) {
    return new Loaded(profile.actions(), profile.logs());
  }
}
