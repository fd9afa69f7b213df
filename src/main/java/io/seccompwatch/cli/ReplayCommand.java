package io.seccompwatch.cli;

import io.seccompwatch.record.AuditArch;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.syscall.SyscallTables;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code replay}: decodes logs that were kept. Needs no node, no root and no cluster. */
@Command(
    name = "replay",
    description = {
      "Decodes audit logs, syslog files, the kernel's log, the journal or the agent's own JSON"
          + " lines: as they are, compressed (.gz; .xz, .bz2, .zst by this machine's programs), or"
          + " as dmesg, journalctl, grep, kubectl logs, container runtimes and collectors print"
          + " them.",
      "The last line on stderr says what became of every line."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  seccomp-watch replay /var/log/audit/audit.log",
      "  seccomp-watch replay --output summary --since 24h /var/log/syslog /var/log/syslog.*.gz",
      "  dmesg -T | seccomp-watch replay --output json -",
      "  journalctl -o json | seccomp-watch replay --since 24h -",
      "  kubectl logs --prefix -l app.kubernetes.io/name=seccomp-watch | seccomp-watch replay -"
    },
    sortOptions = false)
final class ReplayCommand implements Callable<Integer> {

  private enum Format {
    table,
    json,
    summary
  }

  private enum Colour {
    auto,
    always,
    never
  }

  @Parameters(paramLabel = "FILE", arity = "0..*", description = "Files; - or none for stdin.")
  private List<String> files = List.of();

  @Option(
      names = "--output",
      paramLabel = "FORMAT",
      description = "table (default), json, summary.")
  private Format format = Format.table;

  @Option(names = "--since", paramLabel = "TIME", description = "ISO time, date, or 30m, 24h, 7d.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Shows what came before it.")
  private @Nullable String until;

  @Option(names = "--syscall", paramLabel = "NAME", split = ",", description = "Name or number.")
  private List<String> syscalls = List.of();

  @Option(names = "--action", paramLabel = "ACTION", split = ",", description = "errno, log ...")
  private List<String> actions = List.of();

  @Option(
      names = "--arch",
      paramLabel = "ABI",
      split = ",",
      description = "x86_64, arm64, c000003e ...")
  private List<String> archs = List.of();

  @Option(names = "--comm", paramLabel = "NAME", description = "Name of the thread.")
  private List<String> comms = List.of();

  @Option(names = "--exe", paramLabel = "PATH", description = "Path of the executable.")
  private List<String> exes = List.of();

  @Option(names = "--namespace", paramLabel = "NAME", description = "Of JSON lines: namespace.")
  private List<String> namespaces = List.of();

  @Option(names = "--pod", paramLabel = "NAME", description = "Of JSON lines: pod.")
  private List<String> pods = List.of();

  @Option(names = "--keep-duplicates", description = "Shows records that come twice, twice.")
  private boolean keepDuplicates;

  @Option(names = "--utc", description = "Shows times in UTC, not in this machine's zone.")
  private boolean utc;

  @Option(names = "--color", paramLabel = "WHEN", description = "auto (default), always, never.")
  private Colour colour = Colour.auto;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Shows this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it by itself
  private boolean help;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  private final InputStream stdin;
  private final OutputStream stdout;

  /** The command on the given standard streams; unbuffered ones, for they are buffered here. */
  ReplayCommand(InputStream stdin, OutputStream stdout) {
    this.stdin = stdin;
    this.stdout = stdout;
  }

  @Override
  public Integer call() {
    Terminal terminal = new Terminal(utc ? ZoneOffset.UTC : ZoneId.systemDefault(), coloured());
    ReplayFilter filter = filter(terminal.zone());
    OutputStream out = new BufferedOutputStream(stdout, 64 * 1024);
    ReplayOutput output =
        switch (format) {
          case table -> new ReplayTable(out, terminal);
          case json -> ReplayOutput.json(out);
          case summary -> new ReplaySummary(out, terminal);
        };
    Replay replay = new Replay(keepDuplicates, filter, output, terminal.zone());
    try {
      int exit = readAll(replay);
      replay.finish();
      output.finish();
      for (String note : replay.notes(!namespaces.isEmpty() || !pods.isEmpty())) {
        say("seccomp-watch: replay: note: " + note);
      }
      say(replay.balance());
      return exit;
    } catch (UncheckedIOException e) {
      return outputFailed(Objects.requireNonNull(e.getCause()));
    } catch (IOException e) {
      return outputFailed(e);
    }
  }

  private int readAll(Replay replay) {
    ReplayInput input =
        new ReplayInput(stdin, new Decompressor(Decompressor.PLACES), Clock.systemUTC());
    int exit = 0;
    for (String file : files.isEmpty() ? List.of("-") : files) {
      try {
        input.read(file, replay);
      } catch (NoSuchFileException e) {
        say("seccomp-watch: replay: " + Terminal.safe(file) + ": no such file");
        exit = 1;
      } catch (IOException | InvalidPathException e) {
        say("seccomp-watch: replay: " + Terminal.safe(file) + ": " + reason(e));
        exit = 1;
      }
    }
    return exit;
  }

  /**
   * A reader that went away, {@code head} say, has seen enough: that is no failure. There is no
   * balance then, nor after any other: it would be that of a part.
   */
  private int outputFailed(IOException e) {
    if ("Broken pipe".equals(e.getMessage())) {
      return 0;
    }
    say("seccomp-watch: replay: standard output: " + e.getMessage());
    return 1;
  }

  private ReplayFilter filter(ZoneId zone) {
    known("--action", actions, Arrays.stream(SeccompAction.values()).map(a -> a.label()).toList());
    List<String> abis = archs.stream().map(this::abi).toList();
    syscalls.forEach(this::syscallKnown);
    return new ReplayFilter(
        moment("--since", since, zone),
        moment("--until", until, zone),
        syscalls,
        actions,
        abis,
        comms,
        exes,
        namespaces,
        pods);
  }

  private @Nullable Instant moment(String option, @Nullable String text, ZoneId zone) {
    if (text == null) {
      return null;
    }
    Instant moment = ReplayFilter.moment(text, zone, Clock.systemUTC());
    if (moment == null) {
      throw new ParameterException(
          spec.commandLine(),
          option + ": '" + text + "' is no time: give 2026-11-22T10:20:00Z, 2026-11-22 or 24h");
    }
    return moment;
  }

  private void known(String option, List<String> given, List<String> known) {
    for (String value : given) {
      if (!known.contains(value)) {
        throw new ParameterException(
            spec.commandLine(),
            option + ": unknown value '" + value + "': give one of " + String.join(", ", known));
      }
    }
  }

  /** The label of an ABI by any of its names. */
  private String abi(String name) {
    if (name.equals(AuditArch.UNKNOWN.label())) {
      return name;
    }
    return AuditArch.ofName(name)
        .orElseThrow(
            () ->
                new ParameterException(
                    spec.commandLine(),
                    "--arch: unknown value '"
                        + name
                        + "': give one of "
                        + Arrays.stream(AuditArch.values())
                            .map(AuditArch::label)
                            .collect(Collectors.joining(", "))))
        .label();
  }

  /** A misspelled name would find nothing, and seem to say that nothing happened. */
  private void syscallKnown(String value) {
    SyscallTables tables = new SyscallTables();
    boolean number = value.matches("-?\\d{1,10}");
    if (!number
        && tables.supported().stream().noneMatch(arch -> tables.number(arch, value).isPresent())) {
      throw new ParameterException(
          spec.commandLine(), "--syscall: no ABI has a call '" + value + "': see syscall --list");
    }
  }

  private boolean coloured() {
    return switch (colour) {
      case always -> true;
      case never -> false;
      case auto -> Terminal.wantsColour(System.getenv("NO_COLOR"), Path.of("/proc/self/fd/1"));
    };
  }

  private static String reason(Exception e) {
    String message = String.valueOf(e.getMessage());
    return e instanceof AccessDeniedException ? "permission denied" : message;
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
  }
}
