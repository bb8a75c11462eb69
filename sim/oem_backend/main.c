/* oem-backend - the reference backend: campaigns for vehicles over TLS, asked by oemctl over a UNIX socket. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/backend.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/strategy_load.h"

static const char usage[] =
    "oem-backend --config FILE\n"
    "\n"
    "The reference backend of the gateway update daemon. It serves vehicles over TLS 1.3 with client\n"
    "certificates whose common name is the vehicle's id, and oemctl over a UNIX socket.\n"
    "\n"
    "  --config FILE  YAML; relative paths in it are below the file's folder\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Keys of FILE: listen (host:port, port 0 takes any), port_file, tls {certificate, key, client_ca}, database,\n"
    "blob_dir, director_key, time_key, author_keys, author_threshold, control, heartbeat_s, mode, modes, strategy,\n"
    "notice, trigger, trigger_after_s, poll_s; oem-backend.yaml(5) explains them.\n"
    "\n"
    "SIGHUP reads the strategy's file anew. SIGTERM and SIGINT end it. Exit codes: 0 ended by a signal, 1 it could not "
    "start, 2 wrong usage or "
    "configuration.\n";

static struct backend backend; /* a megabyte of frame buffer is too much for the stack */

static void on_signal(uv_signal_t *handle, int number)
{
	struct backend *self = handle->data;

	if (number == SIGHUP) {
		backend_reload(self);
		return;
	}
	backend_log("ends by signal %d", number);
	backend_stop(self);
	uv_signal_stop(handle);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle) && handle->type == UV_SIGNAL)
		uv_close(handle, NULL);
}

static int serve(const struct config *config)
{
	char error[512] = "";
	uv_loop_t loop;
	uv_signal_t signals[3];
	static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};
	int status;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	status = backend_open(&backend, &loop, config, error);
	if (!status) {
		for (size_t i = 0; i < 3; i++) {
			uv_signal_init(&loop, &signals[i]);
			signals[i].data = &backend;
			uv_signal_start(&signals[i], on_signal, numbers[i]);
			uv_unref((uv_handle_t *)&signals[i]);
		}
		status = backend_listen(&backend, error);
		if (status)
			backend_stop(&backend);
		uv_run(&loop, UV_RUN_DEFAULT);
		uv_walk(&loop, close_handle, NULL);
		uv_run(&loop, UV_RUN_DEFAULT);
		backend_close(&backend);
	}
	if (status)
		fprintf(stderr, "oem-backend: %s\n", error);
	uv_loop_close(&loop);
	return status ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	const char *path = NULL;
	struct config *config;
	struct yaml_error error;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("oem-backend " GU_VERSION);
			return 0;
		default:
			fputs("oem-backend: see oem-backend --help\n", stderr);
			return 2;
		}
	}
	if (!path || optind != argc) {
		fputs("oem-backend: --config FILE is needed, and nothing else; see oem-backend --help\n", stderr);
		return 2;
	}
	if (config_load(path, &config, &error)) {
		fprintf(stderr, "oem-backend: %s\n", error.text);
		return 2;
	}
	/* backend_open() takes it; a wrong file is a wrong configuration */
	struct strategy *strategy = NULL;
	if (config->strategy && strategy_load(config->strategy, &strategy, NULL, &error)) {
		fprintf(stderr, "oem-backend: %s\n", error.text);
		config_free(config);
		return 2;
	}
	strategy_free(strategy);
	int status = serve(config);
	config_free(config);
	return status;
}
