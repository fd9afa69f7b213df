package io.seccompwatch.pipeline;

import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.LossNotice;
import io.seccompwatch.record.LossNotice.LossReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Enters what one source says was lost into the books, and lets those know who conclude from
 * completeness. Not thread-safe: it belongs to its source's thread.
 */
final class SourceLosses {

  private final Books books;
  private final SourceBook book;
  private final KernelLosses kernel;
  private final boolean hearsay;
  private final Consumer<@Nullable LossReason> onLoss;

  /** Beginnings of losses, counted as one each, whose number has not come yet. */
  private final Map<LossReason, Long> begun = new EnumMap<>(LossReason.class);

  /**
   * Nothing is lost yet.
   *
   * @param hearsay whether others than the kernel and auditd can write into the source
   * @param onLoss is told of every loss, before or after it is in the books; null for an unknown
   *     reason
   */
  SourceLosses(
      Books books,
      SourceBook book,
      KernelLosses kernel,
      boolean hearsay,
      Consumer<@Nullable LossReason> onLoss) {
    this.books = books;
    this.book = book;
    this.kernel = kernel;
    this.hearsay = hearsay;
    this.onLoss = onLoss;
  }

  /** A message of the kernel's or a daemon's. */
  void notice(LossNotice notice) {
    switch (notice) {
      case LossNotice.Lost(LossReason reason, long count) -> {
        Long already = begun.remove(reason);
        lost(reason, Math.max(0, count - (already == null ? 0 : already)));
      }
      case LossNotice.Begun(LossReason reason) -> {
        begun.merge(reason, 1L, Long::sum);
        lost(reason, 1);
      }
      case LossNotice.KernelTotal total -> {
        if (kernel.total(book.source(), total, hearsay)) {
          onLoss.accept(null);
        }
      }
      case LossNotice.KernelReason reason -> {
        if (kernel.reason(book.source(), reason, hearsay)) {
          onLoss.accept(null);
        }
      }
    }
  }

  /** The source itself knows of a loss. */
  void lost(LossReason reason, long count) {
    switch (reason) {
      case SERIAL_GAP -> kernel.gap(book.source(), count);
      case PRINTK_SUPPRESSED -> kernel.suppressed(book.source(), count);
      default -> books.lost(book, reason, count);
    }
    onLoss.accept(reason);
  }
}
