package io.seccompwatch;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rooms of the design and the arrows between them: data goes one way, no way back. */
class RoomsTest {

  private static final String ROOT = "io.seccompwatch";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  /**
   * What each room may import. The values of a record and of its attribution go with the violation
   * that holds them, so who may import the one may import the others; {@code agent} puts together,
   * and {@code cli} prints, what all the rooms make. {@code doctor} looks at a node as the agent
   * does, with the agent's own parts.
   */
  private static final Map<String, List<String>> ARROWS =
      new TreeMap<>(
          Map.ofEntries(
              entry("record"),
              entry("linux"),
              entry("syscall", "record"),
              entry("source", "record", "linux"),
              entry("attribution", "record", "linux"),
              entry("violation", "record", "syscall", "attribution"),
              entry("profile", "record", "syscall"),
              entry("posture", "record", "linux", "attribution", "profile"),
              entry("publish", "violation", "record", "linux", "attribution"),
              entry("config", "linux", "source"),
              entry(
                  "pipeline",
                  "record",
                  "linux",
                  "syscall",
                  "source",
                  "attribution",
                  "violation",
                  "publish",
                  "config"),
              entry("kubernetes", "publish", "violation", "record", "attribution"),
              entry("http", "publish", "violation", "record", "attribution", "profile", "posture"),
              entry(
                  "agent",
                  "record",
                  "linux",
                  "syscall",
                  "source",
                  "attribution",
                  "violation",
                  "publish",
                  "config",
                  "pipeline",
                  "kubernetes",
                  "profile",
                  "posture",
                  "http"),
              entry(
                  "doctor",
                  "record",
                  "linux",
                  "source",
                  "attribution",
                  "violation",
                  "kubernetes",
                  "posture",
                  "config"),
              entry(
                  "cli",
                  "record",
                  "linux",
                  "syscall",
                  "source",
                  "attribution",
                  "violation",
                  "publish",
                  "profile",
                  "posture",
                  "http",
                  "config",
                  "pipeline",
                  "agent",
                  "doctor")));

  /** Libraries that belong to a room, so that what they cost is spent in one place. */
  private static final Map<String, List<String>> LIBRARIES =
      new TreeMap<>(
          Map.of(
              "picocli..", List.of("cli"),
              "org.snakeyaml..", List.of("config", "doctor"),
              "io.fabric8..", List.of("kubernetes"),
              "io.micrometer..", List.of("agent"),
              "io.prometheus..", List.of("publish", "http", "agent"),
              "com.fasterxml.jackson.databind..", List.of("violation"),
              "com.fasterxml.jackson.core..",
                  List.of("violation", "http", "kubernetes", "profile", "doctor", "cli")));

  private static Map.Entry<String, List<String>> entry(String room, String... mayImport) {
    return Map.entry(room, List.of(mayImport));
  }

  static Set<String> rooms() {
    return ARROWS.keySet();
  }

  static Set<String> libraries() {
    return LIBRARIES.keySet();
  }

  @Test
  void everyClassLivesInARoomOfTheDesign() {
    Set<String> found =
        CLASSES.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> !name.equals(ROOT))
            .map(name -> name.substring(ROOT.length() + 1))
            .collect(Collectors.toSet());
    assertThat(found).isEqualTo(rooms());
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomImportsOnlyWhatItsArrowsAllow(String room) {
    String[] allowed =
        Stream.concat(Stream.of(room), ARROWS.getOrDefault(room, List.of()).stream())
            .map(name -> ROOT + "." + name + "..")
            .toArray(String[]::new);
    DescribedPredicate<JavaClass> ours = resideInAPackage(ROOT + "..");
    noClasses()
        .that()
        .resideInAPackage(ROOT + "." + room + "..")
        .should()
        .dependOnClassesThat(
            ours.and(DescribedPredicate.not(resideInAnyPackage(allowed)))
                .as("reside in another room"))
        .check(CLASSES);
  }

  /** A reader who meets a name knows which type it is. */
  @Test
  void noTwoTypesShareAName() {
    Map<String, List<String>> homonyms =
        CLASSES.stream()
            .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
            .collect(
                Collectors.groupingBy(
                    JavaClass::getSimpleName,
                    Collectors.mapping(JavaClass::getPackageName, Collectors.toList())));
    homonyms.values().removeIf(packages -> packages.size() == 1);
    assertThat(homonyms).isEmpty();
  }

  @Test
  void noTwoRoomsNeedEachOther() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void aLibraryIsUsedInItsRoomsOnly(String library) {
    String[] rooms =
        LIBRARIES.getOrDefault(library, List.of()).stream()
            .map(name -> ROOT + "." + name + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideOutsideOfPackages(rooms)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(CLASSES);
  }

  @Test
  void onlyOneRoomTouchesNativeCode() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".linux..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .check(CLASSES);
  }

  @Test
  void theHotPathUsesNoRegularExpressions() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + ".record..", ROOT + ".source..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.util.regex..")
        .check(CLASSES);
  }

  @Test
  void onlyTheAgentAndTheCommandsKnowTheConfiguration() {
    classes()
        .that()
        .haveSimpleNameStartingWith("AgentConfig")
        .should()
        .onlyBeAccessed()
        .byAnyPackage(
            ROOT + ".config", ROOT + ".pipeline", ROOT + ".agent", ROOT + ".doctor", ROOT + ".cli")
        .check(CLASSES);
  }
}
