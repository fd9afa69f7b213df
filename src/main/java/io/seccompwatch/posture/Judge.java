package io.seccompwatch.posture;

import io.seccompwatch.profile.Profile;
import io.seccompwatch.profile.Visibility.Verdict;
import io.seccompwatch.record.SeccompAction;
import java.util.Set;

/**
 * Says whether a container's denials could be seen, and why. Pure: the same is said of the same.
 *
 * <p>Where no filter is loaded nothing is denied, so nothing stays unseen: that is visible. Where
 * the filter is not known, nothing is promised: that is not.
 */
final class Judge {

  private static final String SILENT =
      " returns ERRNO without " + Profile.FLAG_LOG + ": the kernel writes nothing";

  private Judge() {}

  static Verdict judge(NodePosture node, Asked asked, ProcessSeccomp process, Evidence evidence) {
    if (process.mode() == Mode.DISABLED) {
      return new Verdict(true, "no filter is loaded, nothing can be denied" + unmet(asked));
    }
    String blind = node.blind();
    if (blind != null) {
      return new Verdict(false, blind);
    }
    if (process.mode() == Mode.STRICT) {
      // __secure_computing_strict kills with SIGKILL
      return node.visibility().judge(Set.of(SeccompAction.KILL_THREAD), false);
    }
    Verdict verdict =
        switch (evidence) {
          case Evidence.Configured(Loaded filter) -> of(node, asked, filter);
          case Evidence.ProfileFile(Loaded filter) when runsUnderItsProfile(asked) ->
              of(node, asked, filter);
          case Evidence.ProfileFile _ -> inferred(asked, "");
          case Evidence.ConfiguredWithout _ ->
              new Verdict(
                  false,
                  "the filter is not the runtime's: inherited from the node or loaded by the"
                      + " program itself; its flags cannot be read");
          case Evidence.None(String profile) -> inferred(asked, profile == null ? "" : profile);
        };
    Integer filters = process.filters();
    return filters == null || filters < 2 || evidence instanceof Evidence.ConfiguredWithout
        ? verdict
        : new Verdict(
            verdict.visible(),
            verdict.reason()
                + "; of its "
                + filters
                + " filters only the runtime's is judged, not those inherited or its own");
  }

  private static boolean runsUnderItsProfile(Asked asked) {
    return asked.type() == Asked.Type.LOCALHOST && !asked.privileged();
  }

  private static Verdict of(NodePosture node, Asked asked, Loaded filter) {
    Verdict verdict = node.visibility().judge(filter.actions(), filter.logs());
    boolean runtimes =
        asked.type() == Asked.Type.RUNTIME_DEFAULT || asked.type() == Asked.Type.UNSET;
    return runtimes && verdict.reason().startsWith("the profile ")
        ? new Verdict(
            verdict.visible(), verdict.reason().replaceFirst("the profile", "RuntimeDefault"))
        : verdict;
  }

  /** containerd, Docker, CRI-O and Podman deny by ERRNO and set no flag. */
  private static Verdict inferred(Asked asked, String profileProblem) {
    if (asked.privileged()) {
      return notTheRuntimes("the container is privileged");
    }
    return new Verdict(
        false,
        switch (asked.type()) {
          case RUNTIME_DEFAULT ->
              "RuntimeDefault" + SILENT + " (inferred: every known runtime's default does)";
          case UNSET ->
              "the kubelet's default profile"
                  + SILENT
                  + " (inferred: every known runtime's default does)";
          case LOCALHOST ->
              "the Localhost profile "
                  + profileProblem
                  + ": whether it denies silently is not known; give --host-root";
          case UNCONFINED -> notTheRuntimes("the pod asks for none").reason();
          case OTHER, UNKNOWN ->
              "the filter is not known; a runtime's default profile" + SILENT + " (inferred)";
        });
  }

  private static Verdict notTheRuntimes(String why) {
    return new Verdict(
        false,
        why
            + ", yet a filter is loaded: inherited from the node or the program's own; its flags"
            + " cannot be read");
  }

  /** What is to be said when there is no filter although one was asked for. */
  private static String unmet(Asked asked) {
    return switch (asked.type()) {
      case RUNTIME_DEFAULT, LOCALHOST, OTHER ->
          asked.privileged()
              ? "; the pod asks for "
                  + asked.type().label()
                  + ", but a privileged container gets none"
              : "; the pod asks for " + asked.type().label() + " and does not have it";
      case UNSET ->
          asked.privileged()
              ? "; the container is privileged"
              : "; the pod asks for none, and the kubelet gives none (seccompDefault)";
      case UNCONFINED, UNKNOWN -> "";
    };
  }
}
