package io.seccompwatch.doctor;

import io.seccompwatch.agent.SourceSelection;
import io.seccompwatch.agent.SourceSelection.Chosen;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The sources that the agent reads with these options, whether each can be read, and those that
 * {@code auto} had to leave because they could not.
 *
 * @param left files that {@code auto} looked for and did not take
 */
record SourcesCheck(SourceSelection selection, List<Path> left, FileAccess access)
    implements Check {

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    for (Chosen chosen : selection.sources()) {
      FileAccess.Seen seen = access.look(chosen.path());
      findings.add(
          seen.readable()
              ? Finding.ok(Section.SOURCES, chosen.kind().label(), seen.what())
              : new Finding(
                  Section.SOURCES,
                  chosen.kind().label(),
                  Level.PROBLEM,
                  seen.what(),
                  seen.remedy()));
    }
    for (String why : selection.why()) {
      findings.add(Finding.ok(Section.SOURCES, "auto", why));
    }
    for (Path path : left) {
      FileAccess.Seen seen = access.look(path);
      if (!seen.readable() && Files.exists(path)) {
        findings.add(Finding.note(Section.SOURCES, "auto", seen.what(), seen.remedy()));
      }
    }
    return findings;
  }
}
