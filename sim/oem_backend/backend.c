#include "sim/oem_backend/backend.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sim/oem_backend/control.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/mode_table.h"
#include "sim/oem_backend/rollout_run.h"
#include "sim/oem_backend/session.h"
#include "sim/oem_backend/strategy_load.h"

#define PEM_MAX_BYTES 16384u

uint64_t backend_now_s(void)
{
	return (uint64_t)time(NULL);
}

static struct crypto_key *load_key(const char *path, bool private, char error[512])
{
	char pem[PEM_MAX_BYTES];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(pem, 1, sizeof pem, file) : 0;
	struct crypto_key *key = NULL;

	if (!file) {
		snprintf(error, 512, "cannot read the key %s: %s", path, strerror(errno));
		return NULL;
	}
	fclose(file);
	if (n < sizeof pem)
		key = private ? crypto_key_private(pem, n) : crypto_key_public(pem, n);
	if (!key)
		snprintf(error, 512, "%s is no %s key in PEM of Ed25519 or ECDSA P-256", path,
			 private ? "private" : "public");
	return key;
}

/* the public half of @key */
static struct crypto_key *public_of(const struct crypto_key *key, char error[512])
{
	char *pem = crypto_key_pem_public(key);
	struct crypto_key *made = pem ? crypto_key_public(pem, strlen(pem)) : NULL;

	free(pem);
	if (!made)
		snprintf(error, 512, "cannot derive the director's public key");
	return made;
}

static int load_keys(struct backend *self, char error[512])
{
	const struct config *config = self->config;

	self->director_key = load_key(config->director_key, true, error);
	if (!self->director_key)
		return -EINVAL;
	self->time_key = load_key(config->time_key, true, error);
	if (!self->time_key)
		return -EINVAL;
	self->directors.role = GU__ROLE__ROLE_DIRECTOR;
	self->directors.threshold = 1;
	self->directors.keys[0] = public_of(self->director_key, error);
	if (!self->directors.keys[0])
		return -EINVAL;
	self->directors.n_keys = 1;
	self->authors.role = GU__ROLE__ROLE_AUTHOR;
	self->authors.threshold = config->author_threshold;
	for (unsigned i = 0; i < config->author_keys_count; i++) {
		self->authors.keys[i] = load_key(config->author_keys[i], false, error);
		if (!self->authors.keys[i])
			return -EINVAL;
		self->authors.n_keys++;
	}
	return 0;
}

static void warn(const char *text)
{
	backend_log("warning: %s", text);
}

static int load_strategy(struct backend *self, struct strategy **strategy, char error[512])
{
	struct yaml_error wrong;

	*strategy = NULL;
	int status = self->config->strategy ? strategy_load(self->config->strategy, strategy, warn, &wrong) : 0;
	if (status)
		snprintf(error, 512, "%s", wrong.text);
	return status > 0 ? -EINVAL : status;
}

int backend_open(struct backend *self, uv_loop_t *loop, const struct config *config, char error[512])
{
	struct tls_config tls = {true, config->tls.certificate, config->tls.key, config->tls.client_ca, false, 0, NULL};
	int status;

	memset(self, 0, sizeof *self);
	self->loop = loop;
	self->config = config;
	status = load_keys(self, error);
	if (!status) {
		self->tls = tls_context_new(&tls, error);
		status = self->tls ? 0 : -EINVAL;
	}
	if (!status && mkdir(config->blob_dir, 0755) != 0 && errno != EEXIST) {
		status = -errno;
		snprintf(error, 512, "cannot make the folder %s: %s", config->blob_dir, strerror(errno));
	}
	if (!status)
		status = load_strategy(self, &self->strategy, error);
	if (!status)
		status = store_open(&self->store, config->database, error);
	if (status)
		backend_close(self);
	return status;
}

void backend_close(struct backend *self)
{
	for (size_t i = 0; i < self->authors.n_keys; i++)
		crypto_key_free(self->authors.keys[i]);
	for (size_t i = 0; i < self->directors.n_keys; i++)
		crypto_key_free(self->directors.keys[i]);
	crypto_key_free(self->director_key);
	crypto_key_free(self->time_key);
	tls_context_free(self->tls);
	control_free(self);
	strategy_free(self->strategy);
	self->strategy = NULL;
	store_close(&self->store);
}

void backend_reload(struct backend *self)
{
	struct strategy *fresh, *old = self->strategy;
	struct mode_table before, after;
	char error[512];

	if (load_strategy(self, &fresh, error)) {
		backend_log("the strategy stays as it was: %s", error);
		return;
	}
	mode_table_of(self, &before);
	self->strategy = fresh;
	mode_table_of(self, &after);
	backend_log("the strategy was read anew");
	/* a mode is fixed at registration, so that a vehicle learns of another by registering again */
	if (!mode_table_equal(&before, &after))
		(void)session_close_all(self, NULL);
	strategy_free(old);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct backend *self = stream->data;
	int error = status < 0 ? status : session_accept(self, stream);

	if (error)
		backend_log("a connection was not accepted: %s", uv_strerror(error));
}

static int listen_on(struct backend *self, const struct sockaddr *address)
{
	struct sockaddr_storage bound;
	int n = sizeof bound;
	char service[8];
	int error = uv_tcp_init(self->loop, &self->listener);

	if (error)
		return error;
	self->listener.data = self;
	self->listening = true;
	error = uv_tcp_bind(&self->listener, address, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&self->listener, 128, on_connection);
	if (!error)
		error = uv_tcp_getsockname(&self->listener, (struct sockaddr *)&bound, &n);
	if (error)
		return error;
	if (getnameinfo((struct sockaddr *)&bound, (socklen_t)n, NULL, 0, service, sizeof service, NI_NUMERICSERV))
		return -EINVAL;
	self->port = (uint16_t)strtoul(service, NULL, 10);
	return 0;
}

/* the name appears only with its content */
static int write_port_file(const char *path, unsigned port)
{
	char partial[4200];

	snprintf(partial, sizeof partial, "%s.partial", path);
	FILE *file = fopen(partial, "we");
	if (!file)
		return -errno;
	int written = fprintf(file, "%u\n", port);
	if (fclose(file) != 0 || written < 0 || rename(partial, path) != 0)
		return -errno;
	return 0;
}

int backend_listen(struct backend *self, char error[512])
{
	const struct config *config = self->config;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *addresses = NULL;
	char service[8];
	int status;

	snprintf(service, sizeof service, "%u", (unsigned)config->port);
	status = getaddrinfo(config->host, service, &hints, &addresses);
	if (status) {
		snprintf(error, 512, "cannot listen on %s: %s", config->listen, gai_strerror(status));
		return -EINVAL;
	}
	status = listen_on(self, addresses->ai_addr);
	freeaddrinfo(addresses);
	if (status) {
		snprintf(error, 512, "cannot listen on %s: %s", config->listen, uv_strerror(status));
		return status;
	}
	status = control_listen(self, error);
	if (status)
		return status;
	status = rollout_run_open(self);
	if (status) {
		snprintf(error, 512, "cannot start a timer: %s", uv_strerror(status));
		return status;
	}
	if (config->port_file) {
		status = write_port_file(config->port_file, self->port);
		if (status) {
			snprintf(error, 512, "cannot write %s: %s", config->port_file, strerror(-status));
			return status;
		}
	}
	backend_log("listening on %s, port %u", config->host, (unsigned)self->port);
	return 0;
}

void backend_stop(struct backend *self)
{
	if (self->listening && !uv_is_closing((uv_handle_t *)&self->listener))
		uv_close((uv_handle_t *)&self->listener, NULL);
	rollout_run_stop(self);
	session_close_all(self, NULL);
	control_stop(self);
}

struct session *backend_session(struct backend *self, const char *vehicle)
{
	return session_find(self->sessions, vehicle);
}
