package io.seccompwatch.source;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Puts an I/O failure in words for a person who runs a node. */
final class IoReason {

  private IoReason() {}

  /** The reason, and what to do where that is known; without the path. */
  static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException none -> "no such file: waiting for it";
      case AccessDeniedException denied -> "permission denied: run as root or join group adm";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> {
        String message = failure.getMessage();
        yield message == null ? failure.getClass().getSimpleName() : message;
      }
    };
  }
}
