vcl 4.1;
# Nothing is kept: a stored page would hide who got whose answer.
backend behind { .host = "127.0.0.1"; .port = "{backend}"; }
sub vcl_recv { return (pass); }
