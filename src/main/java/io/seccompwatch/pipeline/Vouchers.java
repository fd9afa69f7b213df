package io.seccompwatch.pipeline;

import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.LossNotice.LossReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sources that cannot be forged, and what each one's silence about a record of syslog's says:
 * that the record is none, when the source was there, would have brought it, and lost nothing.
 *
 * <p>The kernel's ring vouches for syslog's {@code kernel:} lines, which all came through it. The
 * audit multicast vouches for every form, and so does auditd's log, which however may be a dead
 * daemon's file: its silence counts only when it has brought a record that was made after the one
 * in doubt. Thread-safe; times are a clock's that only runs forward.
 */
public final class Vouchers {

  /**
   * So long a source must have been up before its silence means anything: where it began to read,
   * and what syslog still had to write, is not known to the record.
   */
  static final Duration SETTLING = Duration.ofSeconds(10);

  /** How long after a loss was told syslog may still write what was lost there. */
  static final Duration LOSS_SHADOW = Duration.ofSeconds(10);

  /** The kernel's stamp is that of its last tick, ten milliseconds ago at the most. */
  private static final long TICK_MILLIS = 20;

  private static final long NEVER = Long.MIN_VALUE / 2;

  /** What is known of one source. */
  private static final class Voucher {
    final String source;
    final Set<LineForm> forms;
    final boolean needsProof;
    boolean up;
    boolean lacksSerials;
    long upSince;
    long lastLoss = NEVER;
    long lastBrought = NEVER;
    long lastStamp = NEVER;
    long refutedSince = NEVER;

    Voucher(String source, Set<LineForm> forms, boolean needsProof) {
      this.source = source;
      this.forms = forms;
      this.needsProof = needsProof;
    }

    boolean isCandidate(LineForm form, long arrived) {
      return up
          && lastStamp + TICK_MILLIS >= refutedSince
          && forms.contains(form)
          && arrived - upSince >= SETTLING.toMillis()
          && arrived - lastLoss > LOSS_SHADOW.toMillis();
    }

    boolean wouldHave(LineForm form, long arrived, long arrivedWall) {
      return isCandidate(form, arrived) && isProven(arrived, arrivedWall);
    }

    /** By a record that was both made and brought later; either clock alone may be wrong. */
    boolean isProven(long arrived, long arrivedWall) {
      return !needsProof || (lastStamp >= arrivedWall && lastBrought >= arrived);
    }
  }

  private final List<Voucher> vouchers = new ArrayList<>();

  /** Of all sources those that can vouch. */
  public Vouchers(Collection<String> sources) {
    Set<LineForm> every = EnumSet.of(LineForm.SYSLOG_KERNEL, LineForm.JOURNALD, LineForm.AUDISP);
    for (String source : Set.copyOf(sources)) {
      switch (source) {
        case "kmsg" -> vouchers.add(new Voucher(source, Set.of(LineForm.SYSLOG_KERNEL), false));
        case "audit-netlink" -> vouchers.add(new Voucher(source, every, false));
        case "audit-log" -> vouchers.add(new Voucher(source, every, true));
        default -> {}
      }
    }
  }

  /** Whether there is none at all. */
  public boolean isEmpty() {
    return vouchers.isEmpty();
  }

  /** Looks which are up. */
  synchronized void look(List<SourceStatus> statuses, long now) {
    for (Voucher voucher : vouchers) {
      boolean up = statuses.stream().anyMatch(s -> s.name().equals(voucher.source) && s.up());
      if (up && !voucher.up) {
        voucher.upSince = now;
      }
      voucher.up = up;
    }
  }

  /** A source has brought a record with this stamp: it lives. */
  synchronized void brought(String source, AuditStamp stamp, long now) {
    for (Voucher voucher : vouchers) {
      if (voucher.source.equals(source)) {
        voucher.lastStamp = Math.max(voucher.lastStamp, stamp.epochMillis());
        voucher.lastBrought = now;
      }
    }
  }

  /**
   * A source has lost records, or could not read one. What the kernel or a syslog daemon lost is
   * none of the ring's own losses: it did not reach syslog through the ring either.
   *
   * @param reason null when a line was refused
   */
  synchronized void lost(String source, @Nullable LossReason reason, long now) {
    boolean ringKnows = reason == LossReason.SOCKET_OVERRUN || reason == LossReason.ROTATION;
    for (Voucher voucher : vouchers) {
      if (voucher.source.equals(source) && (ringKnows || !source.equals("kmsg"))) {
        voucher.lastLoss = now;
      }
    }
  }

  /**
   * A source begins or ceases to lack serials of which it is not certain yet that they are lost.
   */
  synchronized void lacks(String source, boolean serials) {
    for (Voucher voucher : vouchers) {
      if (voucher.source.equals(source)) {
        voucher.lacksSerials = serials;
      }
    }
  }

  /** Whether one is there whose silence may come to mean something about a record read now. */
  synchronized boolean mayKnow(LineForm form, long now) {
    return vouchers.stream().anyMatch(v -> v.isCandidate(form, now));
  }

  /**
   * Whether one is there that would have brought this record by now if it were one, and lacks
   * nothing that may yet come.
   *
   * @param arrived when it was read
   * @param arrivedWall the same by the wall clock, as stamps are
   */
  synchronized boolean contradict(LineForm form, long arrived, long arrivedWall) {
    return vouchers.stream()
        .anyMatch(v -> !v.lacksSerials && v.wouldHave(form, arrived, arrivedWall));
  }

  /** Whether only those would have brought it that lack serials, of which it may be one. */
  synchronized boolean mayYetContradict(LineForm form, long arrived, long arrivedWall) {
    return !contradict(form, arrived, arrivedWall)
        && vouchers.stream().anyMatch(v -> v.wouldHave(form, arrived, arrivedWall));
  }

  /** Whether a record that is made now could prove that one of them lives, and nothing else has. */
  synchronized boolean wantProof(LineForm form, long arrived, long arrivedWall) {
    return mayKnow(form, arrived)
        && vouchers.stream().noneMatch(v -> v.wouldHave(form, arrived, arrivedWall));
  }

  /**
   * A record was made for proof and did not come: those that need proof are taken for dead, until
   * they bring a record.
   *
   * @param madeWall when, by the wall clock
   */
  synchronized void refute(long madeWall) {
    for (Voucher voucher : vouchers) {
      if (voucher.needsProof) {
        voucher.refutedSince = madeWall;
      }
    }
  }
}
