package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * rsyslog: how the kernel's messages get into its files, and what it drops of them on the way.
 *
 * @param handsOn whether journald hands its messages on to it ({@code ForwardToSyslog})
 */
record SyslogCheck(NodeFiles node, Processes processes, boolean handsOn) implements Check {

  private static final String NAME = "rsyslog";

  /** Inputs that have the kernel's messages, whatever journald does. */
  private static final List<String> KERNEL_INPUTS = List.of("imklog", "imkmsg", "imjournal");

  /**
   * A limit on what an input takes. In an interval of seconds it takes a burst of messages; an
   * interval of 0 is no limit.
   */
  private enum Limit {
    /** Applies to the kernel's log as a whole (plugins/imklog/imklog.c). */
    KERNEL("imklog", "", "0", "10000"),
    /** Applies to the journal as a whole (plugins/imjournal/imjournal.c). */
    JOURNAL("imjournal", "$imjournal", "600", "20000"),
    /** Applies to each sender, of which journald is one (plugins/imuxsock/imuxsock.c). */
    SOCKET("imuxsock", "$system", "0", "200");

    private final String module;
    private final String old;
    private final String interval;
    private final String burst;

    Limit(String module, String old, String interval, String burst) {
      this.module = module;
      this.old = old;
      this.interval = interval;
      this.burst = burst;
    }

    private String parameter(String what) {
      return this == SOCKET ? "syssock.ratelimit." + what : "ratelimit." + what;
    }

    private String setting(RsyslogConf conf, String what, String fallback) {
      String log = this == SOCKET ? "log" : "";
      String directive = old.isEmpty() ? "" : old + log + "ratelimit" + what;
      @Nullable String said = conf.setting(module, parameter(what), directive);
      return said == null ? fallback : said;
    }

    /** What is said of it; empty when nothing is dropped. */
    Optional<Finding> judge(RsyslogConf conf) {
      String seconds = setting(conf, "interval", interval);
      if (!conf.loads(module) || seconds.equals("0")) {
        return Optional.empty();
      }
      return Optional.of(
          Finding.note(
              Section.DAEMONS,
              NAME,
              "%s takes %s messages in %s s and drops the rest"
                  .formatted(module, setting(conf, "burst", burst), seconds),
              "set %s=\"0\" where %s is loaded"
                  .formatted(
                      this == SOCKET ? "SysSock.RateLimit.Interval" : "Ratelimit.Interval",
                      module)));
    }
  }

  @Override
  public List<Finding> run() {
    if (processes.pid("syslog-ng").isPresent()) {
      return List.of(Finding.ok(Section.DAEMONS, "syslog-ng", "runs"));
    }
    if (processes.pid("rsyslogd").isEmpty()) {
      return processes.ofNode()
          ? List.of(Finding.ok(Section.DAEMONS, NAME, "does not run"))
          : List.of(Finding.unknown(Section.DAEMONS, NAME, "is not to be seen from here", null));
    }
    String running = "runs, PID " + processes.pid("rsyslogd").orElseThrow();
    RsyslogConf conf = conf();
    return conf == null
        ? List.of(
            Finding.unknown(
                Section.DAEMONS,
                NAME,
                running + "; " + node.host("etc/rsyslog.conf") + " cannot be read",
                null))
        : judge(running, conf);
  }

  /** Whether rsyslog runs and has the kernel's messages only by way of the journal. */
  boolean livesOnJournal() {
    RsyslogConf conf = processes.pid("rsyslogd").isEmpty() ? null : conf();
    return conf != null
        && !conf.loads("imklog")
        && !conf.loads("imkmsg")
        && (conf.loads("imjournal") || (handsOn && conf.loads("imuxsock")));
  }

  private @Nullable RsyslogConf conf() {
    List<Content> files = node.configuration("etc/rsyslog.conf", "etc/rsyslog.d");
    return files.isEmpty()
        ? null
        : RsyslogConf.of(files.stream().flatMap(f -> f.lines().stream()).toList());
  }

  private List<Finding> judge(String running, RsyslogConf conf) {
    List<String> inputs = new ArrayList<>(KERNEL_INPUTS.stream().filter(conf::loads).toList());
    if (inputs.isEmpty() && handsOn && conf.loads("imuxsock")) {
      inputs.add("imuxsock, to which journald hands them on");
    }
    List<Finding> findings = new ArrayList<>();
    findings.add(
        inputs.isEmpty()
            ? Finding.problem(
                Section.DAEMONS,
                NAME,
                running + "; no input for the kernel's log is loaded: its files have no records",
                "load one in rsyslog.conf: module(load=\"imklog\"), or read another source")
            : Finding.ok(
                Section.DAEMONS,
                NAME,
                running + "; reads the kernel's log by " + String.join(", ", inputs)));
    Stream.of(Limit.values())
        .filter(limit -> limit != Limit.SOCKET || handsOn)
        .forEach(limit -> limit.judge(conf).ifPresent(findings::add));
    return findings;
  }

  /**
   * Settings of rsyslog's modules, in both of its configuration languages: {@code
   * module(load="imklog" …)}, over as many lines as it likes, and {@code $ModLoad imklog} with
   * {@code $…} directives. What conditions around a setting mean is not understood. Names and
   * values are in lower case, as rsyslog compares them.
   *
   * @param modules the parameters of each module that is loaded
   * @param directives the values of the old directives, the last of each
   */
  record RsyslogConf(Map<String, Map<String, String>> modules, Map<String, String> directives) {

    private static final Pattern OBJECT = Pattern.compile("\\b(module|input)\\s*\\(([^)]*)\\)");
    private static final Pattern PARAMETER =
        Pattern.compile("([a-z][a-z0-9._]*)\\s*=\\s*\"([^\"]*)\"");
    private static final String LOAD = "$modload";

    /** Reads the text of the files in their order. */
    static RsyslogConf of(List<String> lines) {
      Map<String, Map<String, String>> modules = new HashMap<>();
      Map<String, String> directives = new HashMap<>();
      List<String> rest = new ArrayList<>();
      for (String line : lines) {
        String plain = withoutComment(line).strip().toLowerCase(Locale.ROOT);
        if (plain.startsWith("$")) {
          String[] words = plain.split("\\s+", 3);
          String value = words.length > 1 ? words[1] : "";
          if (words[0].equals(LOAD)) {
            modules.computeIfAbsent(module(value), none -> new HashMap<>());
          } else {
            directives.put(words[0], value);
          }
        } else {
          rest.add(plain);
        }
      }
      Matcher objects = OBJECT.matcher(String.join(" ", rest));
      while (objects.find()) {
        Map<String, String> parameters = new HashMap<>();
        Matcher parameter = PARAMETER.matcher(objects.group(2));
        while (parameter.find()) {
          parameters.put(parameter.group(1), parameter.group(2));
        }
        String name = parameters.get(objects.group(1).equals("module") ? "load" : "type");
        if (name != null) {
          modules.computeIfAbsent(module(name), none -> new HashMap<>()).putAll(parameters);
        }
      }
      return new RsyslogConf(modules, directives);
    }

    boolean loads(String module) {
      return modules.containsKey(module);
    }

    /** A module's parameter, or what the old directive says; null when neither is there. */
    @Nullable String setting(String module, String parameter, String directive) {
      String value = modules.getOrDefault(module, Map.of()).get(parameter);
      return value == null ? directives.get(directive) : value;
    }

    /** A module may be loaded by its path. */
    private static String module(String name) {
      String file = name.substring(name.lastIndexOf('/') + 1);
      return file.endsWith(".so") ? file.substring(0, file.length() - 3) : file;
    }

    /** Of quotes only the double one is a string's here: names of files may hold the other. */
    private static String withoutComment(String line) {
      boolean quoted = false;
      for (int i = 0; i < line.length(); i++) {
        char c = line.charAt(i);
        quoted ^= c == '"';
        if (c == '#' && !quoted) {
          return line.substring(0, i);
        }
      }
      return line;
    }
  }
}
