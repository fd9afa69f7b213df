package io.seccompwatch.cli;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An aligned table. The columns take their widths from the first rows, which are held back until
 * there are enough of them; what is wider later on moves its own line only. A row stands for more
 * than one violation where the agent had left some out, which its COUNT says.
 */
final class ReplayTable implements ReplayOutput {

  private static final int SAMPLE = 500;
  private static final int MAX_WIDTH = 60;
  private static final int ACTION_COLUMN = 1;
  private static final List<String> HEADINGS =
      List.of("TIME", "ACTION", "COUNT", "SYSCALL", "ARCH", "PID", "COMM", "WORKLOAD", "EXE");
  private static final int COUNT_COLUMN = HEADINGS.indexOf("COUNT");
  private static final int WORKLOAD_COLUMN = HEADINGS.indexOf("WORKLOAD");

  private record Row(SeccompAction action, List<String> cells) {}

  private final OutputStream out;

  /** Stands for what differs among the violations of a sum. */
  static final String SEVERAL = "(several)";

  private final Terminal terminal;
  private final List<Row> held = new ArrayList<>();
  private int[] widths = {};

  ReplayTable(OutputStream out, Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  @Override
  public void add(Violation violation, long suppressed) throws IOException {
    add(row(violation, 1 + suppressed));
  }

  @Override
  public void add(Suppressed sum) throws IOException {
    Attribution of = sum.attribution();
    List<String> cells =
        List.of(
            terminal.time(sum.time()),
            SEVERAL,
            Long.toString(sum.count()),
            SEVERAL,
            "-",
            "-",
            "-",
            of == null ? SEVERAL : workload(of),
            "-");
    add(new Row(SeccompAction.UNKNOWN, cells));
  }

  private void add(Row row) throws IOException {
    if (widths.length > 0) {
      write(row);
      return;
    }
    held.add(row);
    if (held.size() == SAMPLE) {
      begin();
    }
  }

  @Override
  public void finish() throws IOException {
    if (widths.length == 0 && !held.isEmpty()) {
      begin();
    }
    out.flush();
  }

  private Row row(Violation violation, long count) {
    String name = violation.syscallName();
    List<String> cells =
        List.of(
            terminal.time(violation.time()),
            violation.record().action().label(),
            Long.toString(count),
            name == null ? violation.record().syscallText() : name,
            violation.record().arch().label(),
            Integer.toString(violation.record().pid()),
            Terminal.safe(violation.record().comm()),
            workload(violation.attribution()),
            Terminal.safe(violation.record().exe()));
    return new Row(violation.record().action(), cells);
  }

  static String workload(Attribution of) {
    Workload workload = of.workload();
    if (workload != null) {
      String container = workload.container() == null ? "" : "/" + workload.container();
      return Terminal.safe(workload.namespace() + "/" + workload.pod() + container);
    }
    String container = of.containerId();
    if (container != null) {
      int id = container.indexOf("//") < 0 ? 0 : container.indexOf("//") + 2;
      return Terminal.safe(container.substring(0, Math.min(container.length(), id + 12)));
    }
    String pod = of.podUid();
    return pod == null ? "-" : "pod " + Terminal.safe(pod);
  }

  private void begin() throws IOException {
    widths = new int[HEADINGS.size()];
    boolean workloads = held.stream().anyMatch(r -> !r.cells().get(WORKLOAD_COLUMN).equals("-"));
    boolean counts = held.stream().anyMatch(r -> !r.cells().get(COUNT_COLUMN).equals("1"));
    for (int i = 0; i < widths.length; i++) {
      widths[i] = HEADINGS.get(i).length();
      for (Row row : held) {
        widths[i] = Math.max(widths[i], Math.min(MAX_WIDTH, width(row.cells().get(i))));
      }
    }
    if (!workloads) {
      widths[WORKLOAD_COLUMN] = 0;
    }
    if (!counts) {
      widths[COUNT_COLUMN] = 0;
    }
    write(new Row(SeccompAction.ERRNO, HEADINGS), false);
    for (Row row : held) {
      write(row);
    }
    held.clear();
  }

  private void write(Row row) throws IOException {
    write(row, true);
  }

  private void write(Row row, boolean coloured) throws IOException {
    StringBuilder line = new StringBuilder(160);
    for (int i = 0; i < widths.length; i++) {
      if (widths[i] == 0) {
        continue;
      }
      String cell = row.cells().get(i);
      line.append(coloured && i == ACTION_COLUMN ? terminal.coloured(row.action(), cell) : cell);
      if (i < widths.length - 1) {
        line.append(" ".repeat(Math.max(0, widths[i] - width(cell)) + 2));
      }
    }
    String count = row.cells().get(COUNT_COLUMN);
    if (coloured && widths[COUNT_COLUMN] == 0 && !count.equals("1")) {
      line.append("  (").append(count).append(" times)"); // the first rows had no such column
    }
    line.append('\n');
    out.write(line.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
