package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.SeccompRecord.Extent;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Parses the body of a seccomp record, field by field in the kernel's own order ({@code
 * kernel/auditsc.c}: {@code audit_log_task}, {@code audit_seccomp}). Strict, because a line that is
 * taken for a record blames a workload. Not thread-safe.
 */
final class BodyParser {

  /** What may follow the body. */
  enum Tail {
    /** Nothing: the kernel prints no more. */
    NONE,
    /** auditd's ENRICHED names, whose separator byte 0x1D is lost or rewritten on some ways. */
    ENRICHED
  }

  private static final long U32 = SeccompRecord.UNSET;
  private static final int MAX_SIGNAL = 127;

  /** TASK_COMM_LEN is 16; a margin for kernels to come. */
  private static final int MAX_COMM_BYTES = 64;

  /** PATH_MAX, and the kernel's " (deleted)". */
  private static final int MAX_EXE_BYTES = 4096 + 10;

  private static final byte[] AUID = ascii("auid=");
  private static final byte[] UID = ascii(" uid=");
  private static final byte[] GID = ascii(" gid=");
  private static final byte[] SES = ascii(" ses=");
  private static final byte[] SUBJ = ascii(" subj=");
  private static final byte[] PID = ascii(" pid=");
  private static final byte[] COMM = ascii(" comm=");
  private static final byte[] EXE = ascii(" exe=");
  private static final byte[] SIG = ascii(" sig=");
  private static final byte[] ARCH = ascii(" arch=");
  private static final byte[] SYSCALL = ascii(" syscall=");
  private static final byte[] COMPAT = ascii(" compat=");
  private static final byte[] IP = ascii(" ip=0x");
  private static final byte[] CODE = ascii(" code=0x");
  private static final byte[] NULL = ascii("(null)");
  private static final byte[] ENRICHED_TAIL = ascii("AUID=");
  private static final byte[] ESCAPED_SEPARATOR = ascii("#035");

  private final Cursor in;
  private RejectReason failure = RejectReason.MALFORMED;
  private @Nullable String string;

  // Of the record that is parsed, as far as its line has been read.
  private Extent extent = Extent.PROCESS;
  private @Nullable String comm;
  private @Nullable String exe;
  private int signal;
  private int archToken;
  private boolean hasArch;
  private long syscall;

  BodyParser(Cursor in) {
    this.in = in;
  }

  /** Why {@link #parse} answered null. */
  RejectReason failure() {
    return failure;
  }

  /**
   * The record whose body starts at the cursor, or null with {@link #failure} saying why not.
   *
   * @param mayBeCut whether the line ends exactly where its writer cuts a long one. Then a record
   *     counts that names at least its process, with what else is left of it. A label that is long
   *     enough to imitate a process there can only be made by root, who may load AppArmor's policy
   */
  @Nullable SeccompRecord parse(@Nullable AuditStamp stamp, Tail tail, boolean mayBeCut) {
    failure = RejectReason.MALFORMED;
    in.skipBlanks();
    long auid = number(AUID, U32);
    long uid = auid < 0 ? -1 : number(UID, U32);
    long gid = uid < 0 ? -1 : number(GID, U32);
    long session = gid < 0 ? -1 : number(SES, U32);
    if (session < 0) {
      return null;
    }
    String label = null;
    if (begins(SUBJ)) {
      int pid = lastPid();
      if (pid < 0) {
        failure = RejectReason.TRUNCATED;
        return null;
      }
      label = in.text(in.position() + SUBJ.length, pid);
      in.moveTo(pid);
    }
    long pid = number(PID, Integer.MAX_VALUE);
    if (pid < 0 || !in.startsWith(COMM)) {
      failure = in.isCutWithin(COMM) ? RejectReason.TRUNCATED : failure;
      return null;
    }
    long[] ids = {auid, uid, gid, session, pid};
    SeccompRecord record = process(stamp, ids, label, tail);
    boolean cut = record == null && mayBeCut && failure == RejectReason.TRUNCATED;
    return cut ? cut(stamp, ids, label) : record;
  }

  private @Nullable SeccompRecord process(
      @Nullable AuditStamp stamp, long[] ids, @Nullable String label, Tail tail) {
    comm = null;
    exe = null;
    archToken = 0;
    hasArch = false;
    extent = Extent.PROCESS;
    if (!string(COMM, MAX_COMM_BYTES)) {
      return null;
    }
    comm = string;
    if (begins(EXE)) {
      if (!string(EXE, MAX_EXE_BYTES)) {
        return null;
      }
      exe = string;
    }
    return call(stamp, ids, label, tail);
  }

  /** The record as far as its line goes; what ends with the line may go on. */
  private SeccompRecord cut(@Nullable AuditStamp stamp, long[] ids, @Nullable String label) {
    return new SeccompRecord(
        stamp,
        ids[0],
        ids[1],
        ids[2],
        ids[3],
        label,
        (int) ids[4],
        comm,
        exe,
        extent.compareTo(Extent.SIGNAL) >= 0 ? signal : 0,
        hasArch ? archToken : 0,
        hasArch,
        extent == Extent.CALL ? syscall : -1,
        0,
        0,
        0,
        extent);
  }

  /** The second half of the body: what was called and what the filter did. */
  private @Nullable SeccompRecord call(
      @Nullable AuditStamp stamp, long[] ids, @Nullable String label, Tail tail) {
    long number = number(SIG, MAX_SIGNAL);
    if (number < 0) {
      return null;
    }
    signal = (int) number;
    extent = in.atEnd() ? extent : Extent.SIGNAL;
    if (begins(ARCH)) {
      long arch = hex(ARCH, 8);
      if (failed()) {
        return null;
      }
      archToken = (int) arch;
      hasArch = !in.atEnd();
    }
    if (!expect(SYSCALL)) {
      return null;
    }
    boolean negative = in.skip('-');
    number = in.decimal(Long.MAX_VALUE);
    if (number < 0) {
      return failNumber();
    }
    syscall = negative ? -number : number;
    extent = in.atEnd() ? extent : Extent.CALL;
    long compat = number(COMPAT, 1);
    if (compat < 0) {
      return null;
    }
    long ip = hex(IP, 16);
    if (failed()) {
      return null;
    }
    long code = hex(CODE, 8);
    if (failed() || !atBodyEnd(tail) || isCutCode((int) code, signal)) {
      return null;
    }
    return new SeccompRecord(
        stamp,
        ids[0],
        ids[1],
        ids[2],
        ids[3],
        label,
        (int) ids[4],
        comm,
        exe,
        signal,
        archToken,
        hasArch,
        syscall,
        (int) compat,
        ip,
        (int) code);
  }

  /**
   * The last {@code " pid=N comm="} from the cursor on: the LSM label before it is not encoded and
   * may imitate fields, while comm and exe after it cannot hold a blank.
   */
  private int lastPid() {
    for (int at = in.end() - PID.length; at > in.position(); at--) {
      if (in.matches(PID, at)) {
        int after = at + PID.length;
        while (after < in.end() && Cursor.isDigit(in.byteAt(after))) {
          after++;
        }
        if (after > at + PID.length && in.matches(COMM, after)) {
          return at;
        }
      }
    }
    return -1;
  }

  /** Whether a field that may be left out is here, or as much of its name as the line has left. */
  private boolean begins(byte[] name) {
    return in.startsWith(name) || (!in.atEnd() && in.isCutWithin(name));
  }

  private boolean expect(byte[] name) {
    if (in.skip(name)) {
      return true;
    }
    failure = in.isCutWithin(name) ? RejectReason.TRUNCATED : RejectReason.MALFORMED;
    return false;
  }

  private long number(byte[] name, long max) {
    if (!expect(name)) {
      return -1;
    }
    long value = in.decimal(max);
    if (value < 0) {
      failNumber();
    }
    return value;
  }

  private @Nullable SeccompRecord failNumber() {
    failure = in.atEnd() ? RejectReason.TRUNCATED : RejectReason.MALFORMED;
    return null;
  }

  private boolean hexFailed;

  private boolean failed() {
    return hexFailed;
  }

  private long hex(byte[] name, int maxDigits) {
    hexFailed = true;
    if (!expect(name)) {
      return 0;
    }
    int from = in.position();
    if (in.hexDigits(maxDigits) == 0) {
      failNumber();
      return 0;
    }
    hexFailed = false;
    return in.hexValue(from);
  }

  /** A string as {@code audit_log_untrustedstring} writes it, decoded into {@link #string}. */
  private boolean string(byte[] name, int maxBytes) {
    if (!expect(name)) {
      return false;
    }
    if (in.skip('"')) {
      return quoted(maxBytes);
    }
    if (in.skip(NULL)) {
      string = null;
      return true;
    }
    return encoded(maxBytes);
  }

  private boolean quoted(int maxBytes) {
    int from = in.position();
    int at = from;
    while (at < in.end() && in.byteAt(at) >= 0x21 && in.byteAt(at) != 0x7f) {
      if (in.byteAt(at) == '"') {
        in.moveTo(at + 1);
        string = in.text(from, at);
        return at - from <= maxBytes;
      }
      at++;
    }
    failure = at == in.end() ? RejectReason.TRUNCATED : RejectReason.MALFORMED;
    return false;
  }

  private boolean encoded(int maxBytes) {
    int from = in.position();
    int at = from;
    while (at < in.end() && upperHex(in.byteAt(at)) >= 0) {
      at++;
    }
    int digits = at - from;
    if (digits == 0 || digits % 2 != 0 || digits / 2 > maxBytes) {
      failure = at == in.end() ? RejectReason.TRUNCATED : RejectReason.MALFORMED;
      return false;
    }
    byte[] decoded = new byte[digits / 2];
    for (int i = 0; i < decoded.length; i++) {
      int high = upperHex(in.byteAt(from + 2 * i));
      decoded[i] = (byte) (high << 4 | upperHex(in.byteAt(from + 2 * i + 1)));
    }
    string = new String(decoded, StandardCharsets.UTF_8);
    in.moveTo(at);
    if (at == in.end()) {
      failure = RejectReason.TRUNCATED; // its last digits may be gone, and no field is the last
      return false;
    }
    return true;
  }

  private boolean atBodyEnd(Tail tail) {
    if (in.atEnd()) {
      return true;
    }
    failure = RejectReason.MALFORMED;
    if (tail == Tail.ENRICHED) {
      return in.peek() == 0x1d
          || in.peek() == ' '
          || in.startsWith(ENRICHED_TAIL)
          || in.startsWith(ESCAPED_SEPARATOR);
    }
    in.skipBlanks();
    return in.atEnd();
  }

  /**
   * Whether the code is one that no kernel prints without a signal: a value that lost its last
   * digits at printk's limit, {@code 0x7ffc} of {@code 0x7ffc0000} say, would read as a kill.
   */
  private boolean isCutCode(int code, int signal) {
    SeccompAction action = SeccompAction.of(code);
    boolean kill = action == SeccompAction.UNKNOWN || action == SeccompAction.KILL_THREAD;
    if (kill && code != 0 && signal == 0) {
      failure = RejectReason.TRUNCATED;
      return true;
    }
    return false;
  }

  private static int upperHex(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    return b >= 'A' && b <= 'F' ? b - 'A' + 10 : -1;
  }
}
