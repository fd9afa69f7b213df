package io.seccompwatch.violation;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import org.jspecify.annotations.Nullable;

/**
 * The escapes of every JSON document that is written here: each character but the printable ones of
 * ASCII. JSON (RFC 8259, 7) wants only the control characters up to 0x1f escaped. DEL (0x7f), the
 * C1 control characters and the line and paragraph separators then come through, and move a
 * terminal's cursor or end a line. Names of processes and files may have any of them. Immutable.
 */
public final class JsonEscapes extends CharacterEscapes {

  private static final long serialVersionUID = 1L;

  /** The last character of ASCII, which Jackson writes as it is even when it escapes all others. */
  private static final int DEL = 0x7f;

  private final int[] ascii;

  private JsonEscapes() {
    ascii = standardAsciiEscapesForJSON();
    ascii[DEL] = ESCAPE_STANDARD;
  }

  /** A builder of a factory whose generators escape so. */
  public static JsonFactoryBuilder factory() {
    return new JsonFactoryBuilder()
        .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
        .characterEscapes(new JsonEscapes());
  }

  @Override
  public int[] getEscapeCodesForAscii() {
    return ascii.clone();
  }

  @Override
  public @Nullable SerializableString getEscapeSequence(int character) {
    return null;
  }
}
