// Jetty, with a handler that answers and leaves the content to the server: Jetty.java PORT
import java.io.IOException;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.AbstractHandler;

public class Jetty {
    record Reply(int status, String text) {}

    static final Map<String, Reply> REPLIES =
            Map.of("/", new Reply(200, "hello\n"), "/ignore", new Reply(200, "ignored\n"), "/reject", new Reply(413, "too large\n"), "/part", new Reply(200, "part\n"));

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        server.addConnector(connector);
        server.setHandler(new AbstractHandler() {
            @Override
            public void handle(String path, Request base, HttpServletRequest request, HttpServletResponse response) throws IOException {
                Reply reply = REPLIES.getOrDefault(path, new Reply(404, "not found\n"));
                if (path.equals("/part")) {
                    request.getInputStream().readNBytes(10);
                }
                response.setStatus(reply.status());
                response.setContentType("text/plain; charset=utf-8");
                response.getOutputStream().write(reply.text().getBytes());
                base.setHandled(true);
            }
        });
        server.start();
        server.join();
    }
}
