// The JDK's own server, with a handler that answers and leaves the content to it: Jdk.java PORT
import com.sun.net.httpserver.HttpServer;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.Executors;

public class Jdk {
    record Reply(int status, String text) {}

    static final Map<String, Reply> REPLIES =
            Map.of("/", new Reply(200, "hello\n"), "/ignore", new Reply(200, "ignored\n"), "/reject", new Reply(413, "too large\n"), "/part", new Reply(200, "part\n"));

    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
        server.createContext("/", exchange -> {
            Reply reply = REPLIES.getOrDefault(exchange.getRequestURI().getPath(), new Reply(404, "not found\n"));
            if (exchange.getRequestURI().getPath().equals("/part")) {
                exchange.getRequestBody().readNBytes(10);
            }
            byte[] text = reply.text().getBytes();
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(reply.status(), head ? -1 : text.length);
            if (!head) {
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(text);
                }
            }
            exchange.close();
        });
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }
}
