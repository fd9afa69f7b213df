package io.seccompwatch.profile;

import io.seccompwatch.record.SeccompAction;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which of a filter's actions the kernel writes down: {@code seccomp_log} in {@code
 * kernel/seccomp.c}, since Linux 4.18. Immutable.
 *
 * @param actionsLogged the actions that {@code kernel.seccomp.actions_logged} lists
 */
public record Visibility(Set<SeccompAction> actionsLogged) {

  /** When an action is written down, given that {@code actions_logged} lists it. */
  public enum Rule {
    /** Whoever loaded the filter. */
    ALWAYS,
    /** Only when the filter was loaded with {@link Profile#FLAG_LOG}. */
    WITH_FLAG,
    /** Under no circumstances. */
    NEVER
  }

  /**
   * Whether denials could be seen.
   *
   * @param visible whether every denial could be
   * @param reason in words, which could not and why; or why all could
   */
  public record Verdict(boolean visible, String reason) {}

  /** What a kernel logs that nobody configured: {@code SECCOMP_LOG_*} in {@code seccomp.c}. */
  public static final Visibility KERNEL_DEFAULT =
      new Visibility(EnumSet.complementOf(EnumSet.of(SeccompAction.ALLOW, SeccompAction.UNKNOWN)));

  /** Copies the set. */
  public Visibility {
    actionsLogged = Set.copyOf(actionsLogged);
  }

  /**
   * Reads {@code /proc/sys/kernel/seccomp/actions_logged}: names with blanks between; what is none
   * is passed over.
   */
  public static Visibility parse(String text) {
    Set<SeccompAction> actions = EnumSet.noneOf(SeccompAction.class);
    for (String word : text.strip().split("\\s+", 32)) {
      for (SeccompAction action : SeccompAction.values()) {
        if (action != SeccompAction.UNKNOWN && action.label().equals(word)) {
          actions.add(action);
        }
      }
    }
    return new Visibility(actions);
  }

  /** When an action is written down at all. */
  public static Rule rule(SeccompAction action) {
    return switch (action) {
      case KILL_PROCESS, KILL_THREAD, LOG, UNKNOWN -> Rule.ALWAYS;
      case TRAP, ERRNO, USER_NOTIF, TRACE -> Rule.WITH_FLAG;
      case ALLOW -> Rule.NEVER;
    };
  }

  /**
   * Whether the kernel writes an action down.
   *
   * @param logs whether the filter was loaded with {@link Profile#FLAG_LOG}
   */
  public boolean sees(SeccompAction action, boolean logs) {
    // seccomp_log treats what it does not know as the kernel itself does, as KILL_PROCESS
    SeccompAction listed = action == SeccompAction.UNKNOWN ? SeccompAction.KILL_PROCESS : action;
    return switch (rule(action)) {
      case ALWAYS -> actionsLogged.contains(listed);
      case WITH_FLAG -> logs && actionsLogged.contains(listed);
      case NEVER -> false;
    };
  }

  /**
   * Judges a filter: its denials can be seen only if all that it can return can be. One that denies
   * nothing has none that could be missed.
   *
   * @param returned the actions that it can return
   * @param logs whether it was loaded with {@link Profile#FLAG_LOG}
   */
  public Verdict judge(Set<SeccompAction> returned, boolean logs) {
    List<String> denying = new ArrayList<>();
    List<String> needFlag = new ArrayList<>();
    List<String> notListed = new ArrayList<>();
    for (SeccompAction action : SeccompAction.values()) {
      if (!returned.contains(action) || !action.denies()) {
        continue;
      }
      denying.add(word(action));
      if (!sees(action, logs)) {
        (rule(action) == Rule.WITH_FLAG && !logs ? needFlag : notListed).add(word(action));
      }
    }
    if (denying.isEmpty()) {
      boolean untold = returned.contains(SeccompAction.LOG) && !sees(SeccompAction.LOG, logs);
      return new Verdict(
          true,
          "the profile denies nothing"
              + (untold ? "; what it logs is not written: actions_logged lacks log" : ""));
    }
    List<String> why = new ArrayList<>();
    if (!needFlag.isEmpty()) {
      why.add(
          "the profile returns "
              + String.join(", ", needFlag)
              + " without "
              + Profile.FLAG_LOG
              + ": the kernel writes nothing");
    }
    if (!notListed.isEmpty()) {
      why.add(
          "kernel.seccomp.actions_logged lacks "
              + String.join(", ", notListed).toLowerCase(Locale.ROOT)
              + ": the kernel writes nothing of it");
    }
    return why.isEmpty()
        ? new Verdict(true, "the kernel writes down " + String.join(", ", denying))
        : new Verdict(false, String.join("; ", why));
  }

  private static String word(SeccompAction action) {
    return action.label().toUpperCase(Locale.ROOT);
  }
}
