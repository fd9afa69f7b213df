package io.seccompwatch.posture;

import io.seccompwatch.profile.Profile;
import io.seccompwatch.profile.Visibility;
import io.seccompwatch.profile.Visibility.Verdict;
import io.seccompwatch.record.SeccompAction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Says whether a container's denials could be seen, and why. Pure: the same is said of the same.
 *
 * <p>Where no filter is loaded nothing is denied, so nothing stays unseen: that is visible.
 * Whatever is not certain is promised to nobody: that is not.
 */
final class VisibilityRules {

  private static final String SILENT =
      " returns ERRNO without " + Profile.FLAG_LOG + ": the kernel writes nothing";

  private VisibilityRules() {}

  static Verdict judge(
      NodePosture node, RequestedProfile asked, ProcessSeccomp process, Evidence evidence) {
    if (process.mode() == Mode.DISABLED) {
      return evidence instanceof Evidence.Configured
          ? new Verdict(
              false,
              "its configuration has a filter that its first process does not have, or not yet")
          : new Verdict(true, "no filter is loaded, nothing can be denied" + unmet(asked));
    }
    String blind = node.blind();
    if (blind != null) {
      return new Verdict(false, blind);
    }
    if (process.mode() == Mode.STRICT) {
      // __secure_computing_strict kills with SIGKILL
      return certain(
          node.visibility().judge(Set.of(SeccompAction.KILL_THREAD), false), doubts(node));
    }
    Verdict verdict =
        switch (evidence) {
          case Evidence.Configured(Loaded filter) -> of(node, asked, filter);
          case Evidence.ProfileFile(Loaded filter, boolean _) when runsUnderItsProfile(asked) ->
              of(node, asked, filter);
          case Evidence.ProfileFile _ -> inferred(asked, "");
          case Evidence.ConfiguredWithout _ ->
              new Verdict(
                  false,
                  "the filter is not the runtime's: inherited from the node or loaded by the"
                      + " program itself; its flags cannot be read");
          case Evidence.None(String profile) -> inferred(asked, profile == null ? "" : profile);
        };
    List<String> doubts = doubts(node);
    if (evidence instanceof Evidence.ProfileFile(Loaded _, boolean older) && !older) {
      doubts.add("the profile's file has changed since the container started");
    }
    Integer filters = process.filters();
    if (filters == null) {
      doubts.add("this kernel, older than Linux 5.9, does not say how many filters there are");
    } else if (filters > 1) {
      doubts.add(
          "of its "
              + filters
              + " filters only the runtime's is known, not those inherited or its own");
    }
    return certain(verdict, doubts);
  }

  private static List<String> doubts(NodePosture node) {
    List<String> doubts = new ArrayList<>();
    if (node.assumed()) {
      doubts.add("kernel.seccomp.actions_logged cannot be read");
    }
    String doubt = node.doubt();
    if (doubt != null) {
      doubts.add(doubt);
    }
    return doubts;
  }

  /** What cannot be seen anyway is not made worse by doubts. */
  private static Verdict certain(Verdict verdict, List<String> doubts) {
    return verdict.visible() && !doubts.isEmpty()
        ? new Verdict(
            false, verdict.reason() + ", but not for certain: " + String.join("; ", doubts))
        : verdict;
  }

  private static boolean runsUnderItsProfile(RequestedProfile asked) {
    return asked.type() == RequestedProfile.Type.LOCALHOST && !asked.privileged();
  }

  private static Verdict of(NodePosture node, RequestedProfile asked, Loaded filter) {
    Visibility kernel = node.visibility();
    Verdict verdict = kernel.judge(filter.actions(), filter.logs());
    if (verdict.visible()
        && filter.answersNewer()
        && !kernel.sees(SeccompAction.ERRNO, filter.logs())) {
      return new Verdict(
          false,
          verdict.reason()
              + ", but runc answers calls that are newer than the profile with ENOSYS"
              + (filter.logs() ? ", which actions_logged lacks" : " without " + Profile.FLAG_LOG)
              + ": the kernel writes nothing of these");
    }
    // The default action of libseccomp for calls of an ABI that the filter does not know
    if (verdict.visible() && !kernel.sees(SeccompAction.KILL_THREAD, filter.logs())) {
      return new Verdict(
          false,
          verdict.reason()
              + ", but calls of another ABI are killed, and kernel.seccomp.actions_logged lacks"
              + " kill_thread: the kernel writes nothing of these");
    }
    boolean runtimes =
        asked.type() == RequestedProfile.Type.RUNTIME_DEFAULT
            || asked.type() == RequestedProfile.Type.UNSET;
    return runtimes && verdict.reason().startsWith("the profile ")
        ? new Verdict(
            verdict.visible(), verdict.reason().replaceFirst("the profile", "RuntimeDefault"))
        : verdict;
  }

  /** containerd, Docker, CRI-O and Podman deny by ERRNO and set no flag. */
  private static Verdict inferred(RequestedProfile asked, String profileProblem) {
    if (asked.privileged()) {
      return asked.runtime() != null && !asked.runtime().equals("cri-o")
          ? notTheRuntimes("the container is privileged")
          : new Verdict(
              false,
              "the container is privileged, yet a filter is loaded: CRI-O's"
                  + " privileged_seccomp_profile, one inherited from the node, or the program's"
                  + " own; its flags cannot be read");
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
  private static String unmet(RequestedProfile asked) {
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
