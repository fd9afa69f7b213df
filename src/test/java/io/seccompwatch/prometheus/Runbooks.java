package io.seccompwatch.prometheus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The pages that tell what to do about an alert. */
public final class Runbooks {

  /** Where they are. */
  static final Path DIRECTORY = Path.of("src", "docs", "runbooks");

  private static final String BEGIN = "```promql";
  private static final String END = "```";

  /**
   * A query of a page, one line of a block of PromQL.
   *
   * @param page the page's file name
   */
  public record Query(String page, String expr) {

    @Override
    public String toString() {
      return page + ": " + expr;
    }
  }

  private Runbooks() {}

  /** Every query of every page, in the pages' order. */
  public static List<Query> queries() throws IOException {
    List<Query> queries = new ArrayList<>();
    try (Stream<Path> pages = Files.list(DIRECTORY)) {
      for (Path page : pages.sorted().toList()) {
        boolean inside = false;
        for (String line : Files.readAllLines(page)) {
          if (inside && !line.equals(END)) {
            queries.add(new Query(page.getFileName().toString(), line));
          }
          inside = line.equals(BEGIN) || (inside && !line.equals(END));
        }
      }
    }
    return queries;
  }
}
