package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Walks through JSON as it arrives; what is not asked for is passed over without being kept. Values
 * of another type than the one asked for count as not there. For one thread.
 */
final class JsonWalk implements AutoCloseable {

  /**
   * Characters of one text or name: more than the API server takes in one object, which is 3 MiB.
   * Names have no bound of their own in the API: {@code managedFields} repeats those of environment
   * variables.
   */
  private static final int MAX_TEXT = 4 << 20;

  /**
   * Names of fields are neither interned nor remembered: those in {@code managedFields} are as many
   * as there are pods, and may be long. A text is cut by who asks for it.
   */
  private static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(MAX_TEXT)
                  .maxNameLength(MAX_TEXT)
                  .maxNestingDepth(200)
                  .build())
          .build();

  private final JsonParser parser;

  /** Reads a field's value, which the parser stands at, to its end. */
  @FunctionalInterface
  interface Field {
    void read(String name) throws IOException;
  }

  /** Reads an item, which the parser stands at, to its end. */
  @FunctionalInterface
  interface Item {
    void read() throws IOException;
  }

  JsonWalk(InputStream in) throws IOException {
    this.parser = FACTORY.createParser(in);
  }

  /** Moves to the next value at the top; false at the end of the input. */
  boolean next() throws IOException {
    return parser.nextToken() != null;
  }

  /** Whether an object begins here. */
  boolean atObject() {
    return parser.currentToken() == JsonToken.START_OBJECT;
  }

  /** Hands out the fields of the object here; there are none when this is no object. */
  void fields(Field field) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      field.read(name);
    }
  }

  /** Hands out the items of the array here; there are none when this is no array. */
  void items(Item item) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      item.read();
    }
  }

  /** Passes over the value here. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** The text here; null when it is no text. */
  @Nullable String text() throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      parser.skipChildren();
      return null;
    }
    return parser.getText();
  }

  /** The whole number here; -1 when it is none or does not fit. */
  int number() throws IOException {
    boolean fits =
        parser.currentToken() == JsonToken.VALUE_NUMBER_INT
            && parser.getNumberType() == JsonParser.NumberType.INT;
    parser.skipChildren();
    return fits ? parser.getIntValue() : -1;
  }

  /** Whether true is here. */
  boolean isTrue() throws IOException {
    parser.skipChildren();
    return parser.currentToken() == JsonToken.VALUE_TRUE;
  }

  @Override
  public void close() throws IOException {
    parser.close();
  }
}
