package io.seccompwatch.cli;

import io.seccompwatch.config.NearestWord;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The command line with all its commands and their help, as picocli has it. */
final class Commands {

  private Commands() {}

  /** Executes the command that the arguments name; gives its exit code. */
  static int execute(String[] args, InputStream in, OutputStream stdout, PrintWriter err) {
    PrintWriter out = new PrintWriter(stdout, false, StandardCharsets.UTF_8);
    int exit = commandLine(in, stdout, out, err).execute(args);
    out.flush();
    return exit;
  }

  private static CommandLine commandLine(
      InputStream in, OutputStream stdout, PrintWriter out, PrintWriter err) {
    CommandLine root = new CommandLine(root(in, stdout));
    root.setOut(out);
    root.setErr(err);
    // A file may be called @name
    root.setExpandAtFiles(false);
    root.setParameterExceptionHandler(
        (e, given) -> {
          CommandSpec command = e.getCommandLine().getCommandSpec();
          err.println(
              "seccomp-watch: "
                  + wrong(e, command)
                  + "see '"
                  + command.qualifiedName()
                  + " --help'");
          return CommandLine.ExitCode.USAGE;
        });
    root.setExecutionExceptionHandler((e, commandLine, parsed) -> Main.failed(e, err));
    return root;
  }

  /** Returns the fault in plain words, and the word that was probably meant. */
  private static String wrong(CommandLine.ParameterException e, CommandSpec command) {
    if (!(e instanceof CommandLine.UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return Main.oneLine(e) + ": ";
    }
    String given = unmatched.getUnmatched().getFirst();
    if (given.startsWith("-")) {
      int equals = given.indexOf('=');
      String option = equals < 0 ? given : given.substring(0, equals);
      String hint = NearestWord.hint(option, command.optionsMap().keySet());
      return Main.oneLine("unknown option '" + given + "': ") + hint;
    }
    if (command.subcommands().isEmpty()) {
      return Main.oneLine("unexpected '" + given + "': ");
    }
    Set<String> known = new TreeSet<>(command.subcommands().keySet());
    return Main.oneLine("unknown command '" + given + "': ")
        + NearestWord.hint(given, known)
        + "the commands are "
        + String.join(", ", known)
        + "; ";
  }

  private static CommandSpec root(InputStream in, OutputStream stdout) {
    CommandSpec[] self = new CommandSpec[1];
    CommandSpec root =
        CommandSpec.wrapWithoutInspection(
            (Callable<Integer>)
                () -> {
                  self[0].commandLine().usage(self[0].commandLine().getErr());
                  return CommandLine.ExitCode.USAGE;
                });
    self[0] = root;
    root.name("seccomp-watch");
    root.usageMessage()
        .description(
            "Shows the seccomp denials that the kernel of a node writes down, and says which"
                + " workload each came from.")
        .footer(
            "",
            "Examples:",
            "  seccomp-watch run --source auto --kubernetes off",
            "  seccomp-watch replay --output summary /var/log/audit/audit.log*",
            "  seccomp-watch doctor",
            "  seccomp-watch syscall --arch aarch64 keyctl 40");
    root.mixinStandardHelpOptions(true);
    root.versionProvider(() -> new String[] {BuildInfo.read().line()});
    root.addSubcommand("run", RunHelp.spec());
    root.addSubcommand("replay", new CommandLine(new ReplayCommand(in, stdout)));
    root.addSubcommand("doctor", new CommandLine(new DoctorCommand()));
    root.addSubcommand("syscall", new CommandLine(new SyscallCommand()));
    return root;
  }
}
