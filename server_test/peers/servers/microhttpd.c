/* libmicrohttpd, a thread for each connection; it answers as soon as it has the head, and takes the content after that: microhttpd PORT */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **state)
{
    static int begun;
    unsigned status = 404;
    const char *text = "not found\n";
    if (!strcmp(url, "/")) { status = 200; text = "hello\n"; }
    if (!strcmp(url, "/ignore")) { status = 200; text = "ignored\n"; }
    if (!strcmp(url, "/reject")) { status = 413; text = "too large\n"; }
    if (*state == NULL && status == 200) { /* an early answer would end the connection: it is meant for errors */
        *state = &begun;
        return MHD_YES;
    }
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (!MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                          MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_END))
        return 1;
    for (;;)
        pause();
}
