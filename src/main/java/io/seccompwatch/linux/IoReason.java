package io.seccompwatch.linux;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Puts an I/O failure in words for a person who runs a node. */
public final class IoReason {

  private IoReason() {}

  /** Returns the reason of a failure in a few words, without a path and without a remedy. */
  public static String inWords(IOException failure) {
    return switch (failure) {
      case NoSuchFileException none -> "no such file or directory";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException exists -> "a file of that name is there already";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> {
        String message = failure.getMessage();
        yield message == null ? "input or output failed" : message;
      }
    };
  }

  /** The reason, and what to do where that is known; without the path. */
  public static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException none -> "no such file: waiting for it";
      case AccessDeniedException denied -> "permission denied: run as root or join group adm";
      default -> inWords(failure);
    };
  }
}
