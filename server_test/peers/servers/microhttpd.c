/* libmicrohttpd: the handler answers and leaves the content to the server: server PORT */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    static const struct { const char *page, *text; unsigned status; } replies[] = {
        {"/", "hello\n", 200}, {"/ignore", "ignored\n", 200}, {"/reject", "too large\n", 413}};
    const char *text = "not found\n";
    unsigned status = 404;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (strcmp(url, replies[i].page) == 0) {
            text = replies[i].text;
            status = replies[i].status;
        }
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                          MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END))
        return 1;
    for (;;)
        pause();
}
