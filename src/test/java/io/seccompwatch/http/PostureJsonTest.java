package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.http.StatusPage.PostureJson;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.Mode;
import io.seccompwatch.posture.NodePosture;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.RequestedProfile;
import io.seccompwatch.profile.Visibility;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The posture's fields on the status page. */
class PostureJsonTest {

  private static String written(@Nullable Posture posture) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator to = new JsonFactory().createGenerator(text)) {
      to.writeStartObject();
      PostureJson.write(posture, to);
      to.writeEndObject();
    }
    return text.toString();
  }

  @Test
  void beforeTheFirstLookNothingIsSaid() throws IOException {
    assertThat(written(null)).isEqualTo("{\"seccomp\":null,\"containers\":[]}");
  }

  @Test
  void nodeAndContainersAreWrittenWhole() throws IOException {
    Posture posture =
        new Posture(
            new NodePosture(Visibility.parse("errno log"), false, "enabled", "audit=0", "a doubt"),
            List.of(
                new ContainerPosture(
                    "prod",
                    "api-1",
                    "app",
                    "c1",
                    7,
                    new RequestedProfile(
                        RequestedProfile.Type.LOCALHOST,
                        "a.json",
                        RequestedProfile.From.POD,
                        false,
                        null),
                    Mode.FILTER,
                    2,
                    false,
                    "a \"reason\""),
                new ContainerPosture(
                    null,
                    null,
                    null,
                    "c2",
                    8,
                    new RequestedProfile(
                        RequestedProfile.Type.UNKNOWN,
                        null,
                        RequestedProfile.From.UNSET,
                        true,
                        null),
                    Mode.DISABLED,
                    null,
                    true,
                    "none")),
            3);
    assertThat(written(posture))
        .isEqualTo(
            """
            {"seccomp":{"actionsLogged":["errno","log"],"actionsLoggedAssumed":false,\
            "auditing":"enabled","blind":"audit=0","doubt":"a doubt",\
            "containersSkipped":3},\
            "containers":[{"namespace":"prod","pod":"api-1","container":"app","containerId":"c1",\
            "asked":{"type":"Localhost","localhostProfile":"a.json","from":"pod"},\
            "privileged":false,"mode":"filter","filters":2,"denialsVisible":false,\
            "reason":"a \\"reason\\""},\
            {"namespace":null,"pod":null,"container":null,"containerId":"c2",\
            "asked":{"type":"unknown","localhostProfile":null,"from":"unset"},\
            "privileged":true,"mode":"disabled","filters":null,"denialsVisible":true,\
            "reason":"none"}]}\
            """);
  }
}
