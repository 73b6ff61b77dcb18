// The JDK's own server; the handler leaves the content to it, or reads ten bytes of it: JDKServer.java PORT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

class JDKServer {
    public static void main(String[] args) throws IOException {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
        var server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", JDKServer::answer);
        server.start();
    }

    static void answer(HttpExchange exchange) throws IOException {
        int status = 200;
        String text;
        switch (exchange.getRequestURI().getPath()) {
            case "/" -> text = "hello\n";
            case "/ignore" -> text = "ignored\n";
            case "/part" -> {
                exchange.getRequestBody().readNBytes(10);
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
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, head ? -1 : text.length());
        if (!head)
            exchange.getResponseBody().write(text.getBytes());
        exchange.close();
    }
}
