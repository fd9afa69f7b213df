package io.seccompwatch.profile;

import io.seccompwatch.record.SeccompAction;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A seccomp profile: {@code linux.seccomp} of an OCI configuration, which is also the form of a
 * Localhost profile. Immutable. The format is the OCI runtime specification's {@code
 * config-linux.md}, section Seccomp.
 *
 * @param defaultAction what is done with a call that no rule matches
 * @param defaultErrno the error that it returns when that is ERRNO; null for the runtime's own
 * @param flags the flags that the filter is loaded with, as they are named there
 * @param architectures the ABIs that the filter knows, as libseccomp names them; calls of another
 *     one are killed by libseccomp's default
 * @param rules the exceptions
 */
public record Profile(
    SeccompAction defaultAction,
    @Nullable Integer defaultErrno,
    List<String> flags,
    List<String> architectures,
    List<Rule> rules) {

  /** Has the kernel write down every action but allow ({@code seccomp(2)}, since Linux 4.14). */
  public static final String FLAG_LOG = "SECCOMP_FILTER_FLAG_LOG";

  /**
   * What is done with some calls.
   *
   * @param names the calls' names; one or more
   * @param action what is done with them
   * @param errno the error that they return when that is ERRNO; null for the runtime's own
   * @param conditions on their arguments, all of which must hold
   */
  public record Rule(
      List<String> names,
      SeccompAction action,
      @Nullable Integer errno,
      List<Condition> conditions) {

    /** Copies the lists. */
    public Rule {
      names = List.copyOf(names);
      conditions = List.copyOf(conditions);
    }
  }

  /**
   * A condition on an argument.
   *
   * @param index which argument, from 0 on
   * @param operator {@code SCMP_CMP_EQ} and the like
   * @param value what it is compared with, or the mask; 64 bits without a sign
   * @param valueTwo what is left under the mask; 0 for other operators
   */
  public record Condition(int index, String operator, long value, long valueTwo) {}

  /** Copies the lists. */
  public Profile {
    flags = List.copyOf(flags);
    architectures = List.copyOf(architectures);
    rules = List.copyOf(rules);
  }

  /** Whether the filter is loaded with {@link #FLAG_LOG}. */
  public boolean logs() {
    return flags.contains(FLAG_LOG);
  }

  /** Every action that the filter can return, the default included. */
  public Set<SeccompAction> actions() {
    Set<SeccompAction> actions = EnumSet.of(defaultAction);
    rules.forEach(rule -> actions.add(rule.action()));
    return Set.copyOf(actions);
  }
}
