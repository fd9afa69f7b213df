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
import java.util.Arrays;
import java.util.List;

/** The entry point: chooses the command, and gives every failure its one line and exit code. */
public final class Main {

  private static final int FAILURE = 1;
  private static final int USAGE = 2;
  private static final List<String> HELP = List.of("-h", "--help");

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

  /**
   * The same without the exit, on any streams: for tests. The agent starts without picocli, which
   * would stay in its memory for months to have read a few flags.
   */
  static int run(String[] args, InputStream in, OutputStream stdout, PrintWriter err) {
    List<String> given = Arrays.asList(args);
    boolean agent =
        args.length > 0 && args[0].equals("run") && given.stream().noneMatch(HELP::contains);
    if (!agent) {
      return Commands.execute(args, in, stdout, err);
    }
    try {
      RunCommand.run(RunFlags.parse(given.subList(1, given.size())));
      return 0;
    } catch (InterruptedException | RuntimeException e) {
      return failed(e, err);
    }
  }

  /** Says in one line what failed; gives the exit code. */
  static int failed(Exception e, PrintWriter err) {
    switch (e) {
      case ConfigException wrong -> {
        err.println("seccomp-watch: " + oneLine(wrong));
        return USAGE;
      }
      case AgentException failed -> err.println("seccomp-watch: " + oneLine(failed));
      default ->
          err.println(
              "seccomp-watch: unexpected failure: " + oneLine(e.toString()) + ": please report it");
    }
    return FAILURE;
  }

  static String oneLine(Exception e) {
    return oneLine(String.valueOf(e.getMessage()));
  }

  /** Messages repeat what was given, and that may hold anything. */
  static String oneLine(String message) {
    return Terminal.safe(message.replaceAll("\\s*\\R\\s*", " "));
  }
}
