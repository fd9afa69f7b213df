import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;

/**
 * Puts the distribution together: {@code AssembleDistribution DIST JAR FILES TIME}, where {@code
 * DIST/lib} already holds the dependencies. Adds the jar, what is in the directory {@code FILES}
 * (the launcher and its options), a jlinked runtime of the modules that the agent needs, and two
 * AOT caches that are trained by starting the agent on a few records and scraping it: without
 * Kubernetes, and as in a pod with something like an API server. Files get the time of the build's
 * output, in ISO form. The launcher gets its name at last: a build that fails leaves none. Exits 1
 * with one line when something fails.
 */
public final class AssembleDistribution {

  private static final String MODULES =
      "java.base,java.logging,java.management,java.net.http,jdk.management,jdk.unsupported";

  /**
   * What is linked. Compressed, the classes take 13 MB instead of 29, and neither start nor memory
   * changed measurably: nearly all that are needed come from the AOT cache. For the same reason
   * there is no CDS archive (28 MB); without an AOT cache the start would be a sixth longer. The
   * symbols of libjvm.so (5 MB) stay: they make the report of a crash readable. Not {@code
   * --strip-debug}, which wants objcopy, of Debian's binutils, to strip native libraries that JDKs
   * ship stripped: the result is the same bit for bit.
   */
  private static final List<String> LINK =
      List.of(
          "--add-modules",
          MODULES,
          "--strip-java-debug-attributes",
          "--compress=zip-6",
          "--no-header-files",
          "--no-man-pages",
          "--exclude-files="
              + "/java.base/bin/keytool,/java.base/lib/jexec,"
              + "/java.base/lib/jrt-fs.jar,/java.base/lib/classlist");

  private static final String RECORDS =
      """
      type=SECCOMP msg=audit(1707501234.567:1): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=1 \
      comm="app" exe="/app" sig=0 arch=c000003e syscall=165 compat=0 ip=0x7f01 code=0x50000
      type=SECCOMP msg=audit(1707501234.567:2): auid=1000 uid=0 gid=0 ses=1 subj=unconfined pid=2 \
      comm=6D79 exe="/app" sig=31 arch=40000003 syscall=21 compat=1 ip=0x7f01 code=0x80000000
      type=SECCOMP msg=audit(1707501234.567:3): auid=1000
      type=SYSCALL msg=audit(1707501234.567:4): arch=c000003e
      """;

  /**
   * The size of a cache's region of machine code, as the JVM that writes it tells: {@code Shared
   * file region (ac) 4: 0 bytes} (HotSpot 25, src/hotspot/share/cds/filemap.cpp, write_region).
   */
  private static final Pattern CODE_REGION =
      Pattern.compile("Shared file region \\(ac\\) \\d+: +(\\d+) bytes");

  /** Rounds of requests, a fifth of a second each, that an agent has for being ready. */
  private static final int ROUNDS = 20;

  private AssembleDistribution() {}

  public static void main(String[] args) throws InterruptedException {
    try {
      assemble(
          Path.of(args[0]).toAbsolutePath(),
          Path.of(args[1]),
          Path.of(args[2]),
          FileTime.from(Instant.parse(args[3])));
    } catch (IOException e) {
      System.err.println("The distribution was not made: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void assemble(Path dist, Path jar, Path files, FileTime time)
      throws IOException, InterruptedException {
    Path launcher = dist.resolve("bin/seccomp-watch");
    Path unfinished = dist.resolve("bin/unfinished");
    Files.deleteIfExists(launcher);
    Files.copy(jar, dist.resolve("lib/seccomp-watch.jar"), StandardCopyOption.REPLACE_EXISTING);
    deleteOtherJars(dist.resolve("lib"));
    copyAll(files, dist);
    Files.move(launcher, unfinished, StandardCopyOption.REPLACE_EXISTING);
    if (!unfinished.toFile().setExecutable(true, false)) {
      throw new IOException(unfinished + " cannot be made executable");
    }
    try {
      link(dist.resolve("runtime"));
      stamp(dist, time);
      train(dist.resolve("lib/seccomp-watch.aot"), unfinished, false);
      train(dist.resolve("lib/seccomp-watch-kubernetes.aot"), unfinished, true);
      Files.move(unfinished, launcher);
      Files.setLastModifiedTime(launcher.getParent(), time);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  /** Deletes the jars of an earlier build that had other versions: what is there is what ships. */
  private static void deleteOtherJars(Path lib) throws IOException {
    Path main = lib.resolve("seccomp-watch.jar");
    Set<String> used = new HashSet<>(Set.of(main.getFileName().toString()));
    try (JarFile opened = new JarFile(main.toFile())) {
      String classPath = opened.getManifest().getMainAttributes().getValue("Class-Path");
      used.addAll(List.of(classPath.split(" ")));
    }
    try (var jars = Files.newDirectoryStream(lib, "*.jar")) {
      for (Path each : jars) {
        if (!used.contains(each.getFileName().toString())) {
          Files.delete(each);
        }
      }
    }
  }

  private static void copyAll(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /**
   * Sets the time of every file before the caches are trained: a cache holds the times of the jars
   * and of the runtime and is not used with others, and an image is the same again only when its
   * files have the same times.
   */
  private static void stamp(Path dist, FileTime time) throws IOException {
    try (var files = Files.walk(dist)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, time);
      }
    }
  }

  /** Links the runtime, unless one of the same JDK is there from an earlier build. */
  private static void link(Path runtime) throws IOException {
    Path stamp = runtime.resolve("linked-from");
    String identity = Runtime.version() + " " + LINK;
    if (Files.exists(stamp) && Files.readString(stamp).equals(identity)) {
      return;
    }
    delete(runtime);
    List<String> arguments = new ArrayList<>(LINK);
    arguments.addAll(List.of("--output", runtime.toString()));
    ToolProvider jlink = ToolProvider.findFirst("jlink").orElseThrow();
    int exit = jlink.run(System.out, System.err, arguments.toArray(String[]::new));
    if (exit != 0) {
      throw new IOException("jlink failed with exit code " + exit);
    }
    Files.writeString(stamp, identity);
  }

  private static void train(Path cache, Path launcher, boolean kubernetes)
      throws IOException, InterruptedException {
    Files.deleteIfExists(cache);
    Path work = Files.createTempDirectory("seccomp-watch-training");
    try (TrainingApiServer api = new TrainingApiServer(work)) {
      Path log = work.resolve("audit.log");
      Files.writeString(log, RECORDS);
      List<String> command = new ArrayList<>(List.of(launcher.toString(), "run"));
      command.addAll(List.of("--source", "audit-log=" + log, "--from", "beginning"));
      command.addAll(List.of("--state-dir", work.resolve("state").toString()));
      command.addAll(List.of("--kubernetes", kubernetes ? "required" : "off"));
      command.addAll(List.of("--node-name", "n1"));
      command.addAll(List.of("--listen", "127.0.0.1:0"));
      command.addAll(List.of("--canary", "1s", "--violations-log", work + "/violations.jsonl"));
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.redirectOutput(work.resolve("out").toFile());
      builder.environment().remove("KUBERNETES_SERVICE_HOST");
      if (kubernetes) {
        builder.environment().putAll(api.environment());
      }
      // Profiles are for C2, which the launcher never uses: without them the agent is 2 MiB
      // smaller.
      builder
          .environment()
          .put(
              "SECCOMP_WATCH_JAVA_OPTS",
              "-XX:AOTCacheOutput="
                  + cache
                  + " -XX:+UnlockDiagnosticVMOptions"
                  + " -XX:-AOTRecordTraining"
                  + " -Xlog:aot=info:file="
                  + work.resolve("aot-%p.log"));
      Process agent = builder.start();
      try {
        exercise(work.resolve("out"), agent);
      } finally {
        agent.destroy();
        if (!agent.waitFor(60, TimeUnit.SECONDS)) {
          agent.destroyForcibly().waitFor();
        }
      }
      if (!Files.exists(cache)) {
        throw new IOException(
            "the AOT cache was not made: " + Files.readString(work.resolve("out")));
      }
      proveThatItHoldsNoCode(work);
    } finally {
      delete(work);
    }
  }

  /**
   * Throws unless the JVM says of the cache that its region of machine code is empty. Machine code
   * in a cache is made for this machine's processor; a processor with less, one without AVX say,
   * ends it with SIGILL, since JDK 25 does not compare the two. The options that keep code out are
   * in jvm.options. JDKs differ in what they put in without those: Temurin 25.0.3 has 541 adapters,
   * Debian's 25.0.5 none.
   */
  private static void proveThatItHoldsNoCode(Path logs) throws IOException {
    int told = 0;
    try (var files = Files.newDirectoryStream(logs, "aot-*.log")) {
      for (Path log : files) {
        Matcher region = CODE_REGION.matcher(Files.readString(log));
        while (region.find()) {
          told++;
          if (!region.group(1).equals("0")) {
            throw new IOException(
                "the AOT cache holds "
                    + region.group(1)
                    + " bytes of machine code, which a lesser processor cannot run: see the options"
                    + " in src/main/dist/lib/jvm.options");
          }
        }
      }
    }
    if (told == 0) {
      throw new IOException(
          "this JDK ("
              + Runtime.version()
              + ") does not say whether its AOT cache holds machine code: build with another JDK "
              + Runtime.version().feature());
    }
  }

  /** Waits until the agent serves, and asks for each page a few times. */
  private static void exercise(Path out, Process agent) throws IOException, InterruptedException {
    String address = null;
    for (int tries = 0; address == null && tries < 200 && agent.isAlive(); tries++) {
      Thread.sleep(50);
      for (String line : Files.readAllLines(out, StandardCharsets.UTF_8)) {
        int at = line.indexOf("address=");
        address = at < 0 ? address : line.substring(at + "address=".length());
      }
    }
    if (address == null) {
      throw new IOException("the agent did not start: " + Files.readString(out));
    }
    int ready = 0;
    int scraped = 0;
    // In a container, as where an image is built, an agent without the machine's procfs is never
    // ready; what it does until then is as good to train with
    for (int round = 0; ready < 5 && round < ROUNDS; round++) {
      scraped += get(address, "/metrics") == 200 ? 1 : 0;
      for (String page : List.of("/livez", "/api/v1/status")) {
        get(address, page);
      }
      ready += get(address, "/readyz") == 200 ? 1 : 0;
      Thread.sleep(200);
    }
    if (scraped == 0) {
      throw new IOException("the agent was not scraped: " + Files.readString(out));
    }
  }

  private static int get(String address, String page) throws IOException {
    URL url = URI.create("http://" + address + page).toURL();
    HttpURLConnection connection = (HttpURLConnection) url.openConnection();
    int status = connection.getResponseCode();
    try (InputStream in =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      in.readAllBytes();
    }
    return status;
  }

  private static void delete(Path root) throws IOException {
    if (Files.exists(root)) {
      try (var files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
