// One HttpClient of Java's sends uploads whose length it does not declare and that may be answered early, and behind each of
// them another request.
//
// Usage: java UseHttpClient.java BASE BYTES ROUNDS ROUTE... For each round it prints a line: the route, what became of the
// upload and what of the other request, as a status or an error, with tabs between them.

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

public class UseHttpClient {
    static final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Content is so many zero bytes. */
    static class Content extends InputStream {
        long left;

        Content(long size) {
            left = size;
        }

        @Override
        public int read() {
            return left-- > 0 ? 0 : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (left <= 0) {
                return -1;
            }
            int n = (int) Math.min(left, length);
            left -= n;
            return n;
        }
    }

    static String ask(String method, String url, BodyPublisher content) throws InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url)).method(method, content).timeout(Duration.ofSeconds(20)).build();
        try {
            return "" + client.send(request, BodyHandlers.ofString()).statusCode();
        } catch (java.io.IOException error) {
            return error.toString().replaceAll("\\s+", " ");
        }
    }

    public static void main(String[] args) throws InterruptedException {
        long size = Long.parseLong(args[1]);
        int rounds = Integer.parseInt(args[2]);
        for (int i = 3; i < args.length; i++) {
            for (int round = 0; round < rounds; round++) {
                var content = BodyPublishers.ofInputStream(() -> new Content(size));
                var upload = ask("POST", args[0] + args[i], content);
                var other = ask("GET", args[0] + "/plaintext", BodyPublishers.noBody());
                System.out.println(args[i] + "\t" + upload + "\t" + other);
            }
        }
    }
}
