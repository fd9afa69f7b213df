package io.seccompwatch.doctor;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One thing that was looked at. Its texts may repeat what stood in a file or came from a server:
 * whoever prints them escapes them.
 *
 * @param section what it is about
 * @param subject what was looked at, in a word or two
 * @param level how grave it is
 * @param what what was seen
 * @param remedy what to do, in one line; null when there is nothing to do
 */
public record Finding(
    Section section, String subject, Level level, String what, @Nullable String remedy) {

  /** The longest text that is kept; a file's line may be as long as it likes. */
  private static final int MAX_TEXT = 600;

  /** Cuts what is too long. */
  public Finding {
    subject = bounded(subject);
    what = bounded(what);
    remedy = remedy == null ? null : bounded(remedy);
  }

  static Finding ok(Section section, String subject, String what) {
    return new Finding(section, subject, Level.OK, what, null);
  }

  static Finding note(Section section, String subject, String what, @Nullable String remedy) {
    return new Finding(section, subject, Level.NOTE, what, remedy);
  }

  static Finding unknown(Section section, String subject, String what, @Nullable String remedy) {
    return new Finding(section, subject, Level.UNKNOWN, what, remedy);
  }

  static Finding problem(Section section, String subject, String what, String remedy) {
    return new Finding(section, subject, Level.PROBLEM, what, remedy);
  }

  static Finding blind(Section section, String subject, String what, String remedy) {
    return new Finding(section, subject, Level.BLIND, what, remedy);
  }

  private static String bounded(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…";
  }

  /** Severity of a finding. */
  public enum Level {
    /** As it should be. */
    OK,
    /** Worth knowing; nothing is lost by it that this node's way of reading relies on. */
    NOTE,
    /** It could not be found out, mostly for want of a right. */
    UNKNOWN,
    /** Something is lost, or will be. */
    PROBLEM,
    /** No denial can be seen because of it. */
    BLIND;

    /** The name that users see. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Returns true if the finding asks for an action. */
    public boolean isBad() {
      return this == PROBLEM || this == BLIND;
    }
  }

  /** Subject area of a finding, in the order of a record's way from the kernel to the cluster. */
  public enum Section {
    KERNEL,
    AUDIT,
    DAEMONS,
    SOURCES,
    RIGHTS,
    CLOCK,
    STATE,
    KUBERNETES,
    CONTAINERS,
    CANARY,
    AGENT;

    /** The name that users see. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
