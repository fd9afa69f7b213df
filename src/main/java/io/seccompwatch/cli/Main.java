package io.seccompwatch.cli;

import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The entry point: chooses the command, and gives every failure its one line and exit code. */
public final class Main {

  private static final int FAILURE = 1;
  private static final int USAGE = 2;
  private static final List<String> HELP = List.of("-h", "--help");

  /** The AOT cache that the launcher or the image names; not set when the jar is started alone. */
  private static final String CACHE = "seccompwatch.cache";

  private Main() {}

  /** Runs the command that the arguments name and exits with its code. */
  public static void main(String[] args) {
    InputStream in = new FileInputStream(FileDescriptor.in);
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    String notice =
        cacheNotice(System.getProperty(CACHE), System.getProperty("java.vm.info", "sharing"));
    if (notice != null) {
      err.println(notice);
    }
    int exit = run(args, in, out, err);
    err.flush();
    System.exit(exit);
  }

  /**
   * Returns the line that says that the JVM does without its AOT cache, or null when it has it. The
   * system property {@code java.vm.info} holds the word "sharing" while the JVM uses an archive of
   * classes (HotSpot, Abstract_VM_Version::vm_info_string); the linked runtime has no other archive
   * than the AOT cache.
   */
  static @Nullable String cacheNotice(@Nullable String cache, String vmInfo) {
    if (cache == null || vmInfo.contains("sharing")) {
      return null;
    }
    return "seccomp-watch: started without the AOT cache "
        + cache
        + ", which takes longer and more memory: it is missing, damaged, or made for other JVM"
        + " options or jars; make the distribution again, or find the reason with -Xlog:aot:stderr";
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
