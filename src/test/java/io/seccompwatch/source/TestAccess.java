package io.seccompwatch.source;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The real file system, with permissions that can be taken away and handles that a crash drops. */
final class TestAccess implements FileAccess {

  private final FileAccess node = FileAccess.ofNode();
  private final List<FileChannel> opened = new ArrayList<>();
  private boolean denied;
  private int lists;

  void deny(boolean deny) {
    denied = deny;
  }

  boolean isDenied() {
    return denied;
  }

  /** How often a directory was listed. */
  int lists() {
    return lists;
  }

  /** Drops every handle, as the kernel does when a process is killed. */
  void crash() throws IOException {
    for (FileChannel each : opened) {
      each.close();
    }
    opened.clear();
  }

  @Override
  public FileStat stat(Path path) throws IOException {
    return node.stat(path);
  }

  @Override
  public String type(Path path) throws IOException {
    return node.type(path);
  }

  @Override
  public FileChannel open(Path path) throws IOException {
    if (denied) {
      throw new AccessDeniedException(path.toString());
    }
    FileChannel channel = node.open(path);
    opened.add(channel);
    return channel;
  }

  @Override
  public List<Path> list(Path directory, String prefix) throws IOException {
    lists++;
    return node.list(directory, prefix);
  }

  @Override
  public Path real(Path path) throws IOException {
    return node.real(path);
  }
}
