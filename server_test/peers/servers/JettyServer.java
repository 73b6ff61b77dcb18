// Jetty; the handler leaves the content to it, or reads ten bytes of it: JettyServer.java PORT
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;

class JettyServer extends AbstractHandler {
    public static void main(String[] args) throws Exception {
        var server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])));
        server.setHandler(new JettyServer());
        server.start();
        server.join();
    }

    @Override
    public void handle(String page, Request base, HttpServletRequest request, HttpServletResponse response) throws IOException {
        base.setHandled(true);
        int status = 200;
        String text;
        switch (page) {
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
