package io.seccompwatch.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.seccompwatch.profile.ProfileReader.ProfileException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON as it arrives, strictly: a value of another type than the one asked for ends the
 * reading. What is not asked for is passed over and never kept. For one thread.
 */
final class JsonText implements AutoCloseable {

  /** Deeper than any OCI configuration. */
  private static final int MAX_DEPTH = 64;

  /** The longest text that may be asked for; those passed over are not held to it. */
  private static final int MAX_TEXT = 4_096;

  /** Annotations and labels have names of users' making. */
  private static final int MAX_NAME = 65_536;

  private static final BigInteger MAX_UNSIGNED = BigInteger.ONE.shiftLeft(64);

  private final JsonParser parser;

  /** Reads a field's value, which the parser stands at, to its end. */
  @FunctionalInterface
  interface Field {
    void read(String name) throws IOException, ProfileException;
  }

  /** Reads an item, which the parser stands at, to its end. */
  @FunctionalInterface
  interface Item {
    void read() throws IOException, ProfileException;
  }

  /**
   * A reader that stands at the first value.
   *
   * @param maxBytes more are refused
   */
  JsonText(InputStream in, long maxBytes) throws IOException {
    JsonFactory factory =
        new JsonFactoryBuilder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_TEXT)
                    .maxNameLength(MAX_NAME)
                    .maxNumberLength(64)
                    .build())
            .build();
    this.parser = factory.createParser(new Bounded(in, maxBytes));
    parser.nextToken();
  }

  /**
   * Hands out the fields of the object here by the names that Go's {@code encoding/json}, with
   * which runtimes read, would look for: without regard to case. They come in lower case. None when
   * null is here.
   */
  void members(String what, Field field) throws IOException, ProfileException {
    fields(what, name -> field.read(folded(name)));
  }

  /** Go folds these two letters as well ({@code foldRune} of encoding/json). */
  private static String folded(String name) {
    return name.toLowerCase(Locale.ROOT).replace('\u017F', 's').replace('\u212A', 'k');
  }

  /** Hands out the fields of the object here by their own names; none when null is here. */
  void fields(String what, Field field) throws IOException, ProfileException {
    if (isNull()) {
      return;
    }
    expect(JsonToken.START_OBJECT, what, "an object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      field.read(name);
    }
  }

  /** Hands out the items of the array here; none when null is here. */
  void items(String what, Item item) throws IOException, ProfileException {
    if (isNull()) {
      return;
    }
    expect(JsonToken.START_ARRAY, what, "an array");
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      item.read();
    }
  }

  /** Passes over the value here. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** Whether null is here, which Go's encoder writes for what is empty. */
  boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  /** The text here; null when null is here, which leaves a text in Go as it was. */
  @Nullable String textOrNothing(String what) throws IOException, ProfileException {
    return isNull() ? null : text(what);
  }

  /** The text here. */
  String text(String what) throws IOException, ProfileException {
    expect(JsonToken.VALUE_STRING, what, "a text");
    return parser.getText();
  }

  /** The text here; null when another value is, which is passed over. */
  @Nullable String textOrNull() throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      parser.skipChildren();
      return null;
    }
    return parser.getText();
  }

  /** The whole number without a sign here, of up to 64 bits. */
  long unsigned(String what) throws IOException, ProfileException {
    expect(JsonToken.VALUE_NUMBER_INT, what, "a whole number");
    BigInteger value = parser.getBigIntegerValue();
    if (value.signum() < 0 || value.compareTo(MAX_UNSIGNED) >= 0) {
      throw new ProfileException(what + " is not from 0 to 2^64-1");
    }
    return value.longValue();
  }

  private void expect(JsonToken token, String what, String words) throws ProfileException {
    if (parser.currentToken() != token) {
      throw new ProfileException(what + " is not " + words);
    }
  }

  @Override
  public void close() throws IOException {
    parser.close();
  }

  /** Counts bytes itself: the parser looks at a document's length only between its buffers. */
  private static final class Bounded extends FilterInputStream {

    private final long maxBytes;
    private long count;

    Bounded(InputStream in, long maxBytes) {
      super(in);
      this.maxBytes = maxBytes;
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      counted(value < 0 ? 0 : 1);
      return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      counted(Math.max(0, read));
      return read;
    }

    private void counted(int bytes) throws StreamConstraintsException {
      count += bytes;
      if (count > maxBytes) {
        throw new StreamConstraintsException("it is larger than " + maxBytes + " bytes");
      }
    }
  }
}
