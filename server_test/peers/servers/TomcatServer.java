// Tomcat; the servlet leaves the content to it, or reads ten bytes of it: TomcatServer.java PORT
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

class TomcatServer extends HttpServlet {
    public static void main(String[] args) throws Exception {
        Logger.getLogger("org.apache").setLevel(Level.SEVERE);
        var tomcat = new Tomcat();
        tomcat.setBaseDir(".");
        var connector = new Connector();
        connector.setPort(Integer.parseInt(args[0]));
        connector.setProperty("address", "127.0.0.1");
        tomcat.setConnector(connector);
        var context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "all", new TomcatServer());
        context.addServletMappingDecoded("/", "all");
        tomcat.start();
        tomcat.getServer().await();
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        int status = 200;
        String text;
        switch (request.getRequestURI()) {
            case "/" -> text = "hello\n";
            case "/ignore" -> text = "ignored\n";
            case "/part" -> {
                request.getInputStream().readNBytes(10);
                text = "part\n";
            }
            case "/reject" -> {
                status = 413;
                text = "too large\n";
            }
            default -> {
                status = 404;
                text = "not found\n";
            }
        }
        response.setStatus(status);
        response.setContentType("text/plain; charset=utf-8");
        response.setContentLength(text.length());
        if (!request.getMethod().equals("HEAD"))
            response.getOutputStream().write(text.getBytes());
    }
}
