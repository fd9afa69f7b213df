package io.seccompwatch.cli;

import io.seccompwatch.config.RunOption;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The help of {@code run}, made from {@link RunOption}; {@link RunFlags} reads the flags. */
final class RunHelp {

  private RunHelp() {}

  /** The command's description, ready to be added to its parent. */
  static CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.name("run");
    spec.usageMessage()
        .description(
            "Reads denials as they happen, attributes them and publishes them.",
            "Each option is also a key of the file of --config and an environment variable"
                + " SECCOMP_WATCH_<OPTION>; flag > environment > file > default.")
        .width(100)
        .footer(
            "",
            "Examples:",
            "  seccomp-watch run --kubernetes off --listen 127.0.0.1:9326",
            "  seccomp-watch run --source audit-log=/host/audit/audit.log --proc /host/proc",
            "  SECCOMP_WATCH_CANARY=off seccomp-watch run --config /etc/seccomp-watch.yaml");
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Shows this help.").build());
    spec.addOption(
        OptionSpec.builder(RunFlags.CONFIG)
            .paramLabel("FILE")
            .type(String.class)
            .description("A YAML file of options.")
            .build());
    for (RunOption option : RunOption.values()) {
      String fallback = option.fallback();
      spec.addOption(
          OptionSpec.builder("--" + option.key())
              .paramLabel(option.placeholder())
              .type(option.repeatable() ? List.class : String.class)
              .auxiliaryTypes(String.class)
              .description(option.help() + (fallback == null ? "" : " Default: " + fallback + "."))
              .build());
    }
    return spec;
  }
}
