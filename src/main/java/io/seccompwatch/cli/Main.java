package io.seccompwatch.cli;

import io.seccompwatch.agent.AgentException;
import io.seccompwatch.agent.ConfigException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The entry point: chooses the command, and gives every failure its one line and exit code. */
public final class Main {

  private Main() {}

  /** Runs the command that the arguments name and exits with its code. */
  public static void main(String[] args) {
    InputStream in = new FileInputStream(FileDescriptor.in);
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exit = run(args, in, out, err);
    err.flush();
    System.exit(exit);
  }

  /** The same without the exit, on any streams: for tests. */
  static int run(String[] args, InputStream in, OutputStream stdout, PrintWriter err) {
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
              "seccomp-watch: " + oneLine(e) + ": see '" + command.qualifiedName() + " --help'");
          return CommandLine.ExitCode.USAGE;
        });
    root.setExecutionExceptionHandler(
        (e, commandLine, parsed) ->
            switch (e) {
              case ConfigException wrong -> {
                err.println("seccomp-watch: " + oneLine(wrong));
                yield CommandLine.ExitCode.USAGE;
              }
              case AgentException failed -> {
                err.println("seccomp-watch: " + oneLine(failed));
                yield CommandLine.ExitCode.SOFTWARE;
              }
              default -> {
                err.println(
                    "seccomp-watch: unexpected failure: "
                        + oneLine(e.toString())
                        + ": please report it");
                yield CommandLine.ExitCode.SOFTWARE;
              }
            });
    return root;
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
        .description("Sees every seccomp denial on a node and says which workload it came from.")
        .footer(
            "",
            "Examples:",
            "  seccomp-watch run --source auto --kubernetes off",
            "  seccomp-watch replay --output summary /var/log/audit/audit.log*",
            "  seccomp-watch syscall --arch aarch64 keyctl 40");
    root.mixinStandardHelpOptions(true);
    root.versionProvider(BuildInfo.read());
    root.addSubcommand("run", RunCommand.spec());
    root.addSubcommand("replay", new CommandLine(new ReplayCommand(in, stdout)));
    root.addSubcommand("syscall", new CommandLine(new SyscallCommand()));
    return root;
  }

  private static String oneLine(Exception e) {
    return oneLine(String.valueOf(e.getMessage()));
  }

  /** Messages repeat what was given, and that may hold anything. */
  private static String oneLine(String message) {
    return Terminal.safe(message.replaceAll("\\s*\\R\\s*", " "));
  }
}
