import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/**
 * Lifts the classes of a jar to the present class file version. The JVM neither archives classes
 * older than version 50 in its AOT cache nor verifies them with its fast verifier; picocli's are
 * version 49, so that every start of every command paid for them: --version took 290 ms of CPU, and
 * takes 220 without. The code of the classes stays what it is; only the stack maps that the newer
 * version asks for are added.
 */
final class ModernClasses {

  /** From this version on, classes carry the stack maps of the fast verifier. */
  private static final int FAST = ClassFile.JAVA_6_VERSION;

  private ModernClasses() {}

  /** Rewrites the jar in place, unless all of its classes are modern. */
  static void lift(Path jar) throws IOException {
    Map<String, byte[]> lifted = new HashMap<>();
    try (JarFile from = new JarFile(jar.toFile())) {
      ClassFile classFile =
          ClassFile.of(
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(
                          type -> {
                            try {
                              String name = type.descriptorString();
                              JarEntry entry =
                                  from.getJarEntry(name.substring(1, name.length() - 1) + ".class");
                              return entry == null ? null : from.getInputStream(entry);
                            } catch (IOException e) {
                              throw new java.io.UncheckedIOException(e);
                            }
                          })
                      .orElse(
                          ClassHierarchyResolver.ofResourceParsing(
                              ClassLoader.getSystemClassLoader()))),
              ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
      for (JarEntry entry : from.stream().filter(e -> e.getName().endsWith(".class")).toList()) {
        byte[] bytes = from.getInputStream(entry).readAllBytes();
        ClassModel old = classFile.parse(bytes);
        if (old.majorVersion() < FAST) {
          lifted.put(
              entry.getName(),
              classFile.transformClass(
                  old,
                  ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL)
                      .andThen(
                          ClassTransform.endHandler(
                              builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 0)))));
        }
      }
      if (!lifted.isEmpty()) {
        write(from, lifted, jar.resolveSibling(jar.getFileName() + ".tmp"));
      }
    }
    if (!lifted.isEmpty()) {
      Files.move(
          jar.resolveSibling(jar.getFileName() + ".tmp"), jar, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void write(JarFile from, Map<String, byte[]> lifted, Path to) throws IOException {
    try (OutputStream file = Files.newOutputStream(to);
        JarOutputStream out = new JarOutputStream(file)) {
      for (JarEntry entry : from.stream().toList()) {
        JarEntry copy = new JarEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        byte[] bytes = lifted.get(entry.getName());
        out.write(bytes == null ? from.getInputStream(entry).readAllBytes() : bytes);
        out.closeEntry();
      }
    }
  }
}
