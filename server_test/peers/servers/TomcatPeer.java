// Tomcat in a program, with a servlet that answers and leaves the content to the server: TomcatPeer.java PORT FOLDER
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

public class TomcatPeer {
    record Reply(int status, String text) {}

    static final Map<String, Reply> REPLIES =
            Map.of("/", new Reply(200, "hello\n"), "/ignore", new Reply(200, "ignored\n"), "/reject", new Reply(413, "too large\n"), "/part", new Reply(200, "part\n"));

    static class Everything extends HttpServlet {
        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            Reply reply = REPLIES.getOrDefault(request.getRequestURI(), new Reply(404, "not found\n"));
            if (request.getRequestURI().equals("/part")) {
                request.getInputStream().readNBytes(10);
            }
            response.setStatus(reply.status());
            response.setContentType("text/plain; charset=utf-8");
            response.getOutputStream().write(reply.text().getBytes());
        }
    }

    public static void main(String[] args) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(args[1]);
        Connector connector = new Connector();
        connector.setProperty("address", "127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        tomcat.setConnector(connector);
        Context context = tomcat.addContext("", args[1]);
        Tomcat.addServlet(context, "everything", new Everything());
        context.addServletMappingDecoded("/*", "everything");
        tomcat.start();
        tomcat.getServer().await();
    }
}
