package io.seccompwatch.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/** Runs the whole command line within the test's process. */
final class Cli {

  /** What it said and how it ended. */
  record Ran(int exit, String out, String err) {}

  private Cli() {}

  static Ran run(String... args) {
    return runOn("", args);
  }

  static Ran runOn(String stdin, String... args) {
    return runOn(new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8)), args);
  }

  static Ran runOn(InputStream stdin, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Ran ran = run(stdin, out, args);
    return new Ran(ran.exit(), out.toString(StandardCharsets.UTF_8), ran.err());
  }

  static Ran run(InputStream stdin, OutputStream out, String... args) {
    StringWriter err = new StringWriter();
    int exit = Main.run(args, stdin, out, new PrintWriter(err));
    return new Ran(exit, "", err.toString());
  }
}
