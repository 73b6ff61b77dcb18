// nginx, where it is installed: one process, no logs, and otherwise as it comes.

package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spillway-go/spillway/bench/cases"
)

func nginxLacks(c *cases.Case) string {
	if c.Cores > 1 {
		return "has a process for each core, and one is measured"
	}
	switch c.Route {
	case cases.JSON, cases.Sleep:
		return "runs no handlers"
	case cases.Consume:
		return "has nothing that reads content to its end"
	}
	return ""
}

// NginxPath returns where nginx is installed.
func NginxPath() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("not installed")
}

const nginxConf = `daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile %[5]d;
pid %[1]s/nginx.pid;
error_log stderr crit;
events { worker_connections %[5]d; }
http {
	access_log off;
	default_type "text/plain; charset=utf-8";
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	keepalive_timeout 60s;
	client_max_body_size 1m;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
	server {
		listen %[2]s%[3]s backlog=4096;
		%[4]s
		root %[1]s;
		location /plaintext { return 200 "Hello, World!"; }
		location = /ignore { return 200 "ignored\n"; }
		location = /refuse { root %[1]s; }
		location /bytes/ { }
		location = /file { }
	}
}
`

// nginxCommand writes the configuration and returns the command. It has a quarter more connections than it needs: when only
// a sixteenth is free, nginx closes those that are kept.
func nginxCommand(env *Env) ([]string, error) {
	path, err := NginxPath()
	if err != nil {
		return nil, err
	}
	ssl, certificate := "", ""
	if env.Case.TLS {
		ssl = " ssl"
		certificate = fmt.Sprintf("ssl_certificate %s/%s; ssl_certificate_key %[1]s/%[3]s; ssl_protocols TLSv1.3;",
			env.Dir, CertFile, KeyFile)
	}
	dir, err := filepath.Abs(env.Dir)
	if err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(nginxConf, dir, env.Addr, ssl, certificate, env.Case.Connections()*5/4+64)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	return []string{path, "-p", dir, "-c", file, "-e", "stderr"}, nil
}
